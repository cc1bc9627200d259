import { isPlainObject } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { kindOf } from "../wire/show.ts";
import { invalid } from "./fields.ts";
import type { TaskMessage } from "./message.ts";
import type { WireSignature } from "./signature.ts";
import { decodeSignature, decodeSignatures, encodeSignature } from "./signature-codec.ts";

/** The fields of a task that every protocol carries in its body. */
export type BodyFields = Pick<TaskMessage, "args" | "kwargs" | "callbacks" | "errbacks" | "chain" | "chord">;

/** Fields by name as they stand in the embed of protocol 2 or the object of protocol 1. */
type Members = Readonly<Record<string, Tree>>;

/** The body of protocol 2: `[args, kwargs, embed]`. */
export function encodeBody(task: TaskMessage): Tree {
  return [
    task.args,
    task.kwargs,
    {
      callbacks: signatures(task.callbacks),
      errbacks: signatures(task.errbacks),
      chain: task.chain === null ? null : task.chain.map(encodeSignature),
      chord: task.chord === null ? null : encodeSignature(task.chord),
    },
  ];
}

/** Signatures as Celery writes them: null for none. */
export function signatures(list: readonly WireSignature[]): Tree {
  return list.length === 0 ? null : list.map(encodeSignature);
}

/**
 * Reads `[args, kwargs, embed]`. The embed may be null or lack any key.
 *
 * @throws ProtocolError `message-invalid` for a list of fewer than three items, which kills a Celery worker.
 */
export function decodeBody(body: readonly Tree[]): BodyFields {
  if (body.length < 3) throw invalid(`its body has ${body.length} items instead of [args, kwargs, embed]`);
  const [args, kwargs, embed] = body;
  if (embed !== null && !isPlainObject(embed)) throw invalid(`its embed must be an object, not ${kindOf(embed)}`);
  return bodyFields(args, kwargs, embed ?? {});
}

/** Reads arguments and what follows the task. Null arguments are none: Celery would fail the task, or worse, skip it. */
export function bodyFields(args: Tree | undefined, kwargs: Tree | undefined, embed: Members): BodyFields {
  const chord = embed["chord"] ?? null;
  return {
    args: positional(args),
    kwargs: keywords(kwargs),
    callbacks: decodeSignatures(embed["callbacks"], "callbacks") ?? [],
    errbacks: decodeSignatures(embed["errbacks"], "errbacks") ?? [],
    chain: decodeSignatures(embed["chain"], "chain"),
    chord: chord === null ? null : decodeSignature(chord),
  };
}

/** An object in place of the list gives its keys, as Python's call with a star does. */
function positional(args: Tree | undefined): readonly Tree[] {
  if (args === undefined || args === null) return [];
  if (Array.isArray(args)) return args;
  if (isPlainObject(args)) return Object.keys(args);
  throw invalid(`args must be a list, not ${kindOf(args)}`);
}

function keywords(kwargs: Tree | undefined): Members {
  if (kwargs === undefined || kwargs === null) return {};
  if (isPlainObject(kwargs)) return kwargs;
  throw invalid(`kwargs must be an object, not ${kindOf(kwargs)}`);
}
