import { isPlainObject } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { kindOf } from "../wire/show.ts";
import { invalid } from "./fields.ts";
import type { TaskMessage } from "./message.ts";
import type { WireSignature } from "./signature.ts";
import { decodeSignature, decodeSignatures, encodeSignature } from "./signature-codec.ts";

/** The fields of a task that are in the body in every protocol. */
export type BodyFields = Pick<TaskMessage, "args" | "kwargs" | "callbacks" | "errbacks" | "chain" | "chord">;

/** Fields by name, of the embed of protocol 2 or the object of protocol 1. */
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

/** Encodes signatures as Celery does: null for none. */
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
  if (embed !== null && !isPlainObject(embed)) throw invalid(`its embed is ${kindOf(embed)}, not an object`);
  return bodyFields(args, kwargs, embed ?? {});
}

/** Decodes arguments and follow-ups of the task. Null arguments are empty: Celery would fail the task, or skip it. */
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

/** An object instead of the list stands for its keys, as in a Python call with a star. */
function positional(args: Tree | undefined): readonly Tree[] {
  if (args === undefined || args === null) return [];
  if (Array.isArray(args)) return args;
  if (isPlainObject(args)) return Object.keys(args);
  throw invalid(`args is ${kindOf(args)}, not a list`);
}

function keywords(kwargs: Tree | undefined): Members {
  if (kwargs === undefined || kwargs === null) return {};
  if (isPlainObject(kwargs)) return kwargs;
  throw invalid(`kwargs is ${kindOf(kwargs)}, not an object`);
}
