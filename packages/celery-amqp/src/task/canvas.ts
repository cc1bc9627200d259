import { decodeSignature, ProtocolError } from "@leveret/celery-protocol";
import * as protocol from "@leveret/celery-protocol/canvas";
import type { WireSignature, Tree } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { Calls, Fits, GroupSignature, LastResult, MissingOfAll, MissingOfFirst, Results } from "./canvas-shape.ts";
import { defineTask } from "./definition.ts";
import { type AnySignature, composeSignature, type Signature, tasksOf } from "./signature.ts";
import type { TaskDefinition, TypedTask } from "./task.ts";
import { toWireSignature } from "./wire-signature.ts";

const names = ["chain", "group", "chord", "map", "starmap", "chunks"] as const;

/** The tasks by which composed calls travel. */
const travelling: ReadonlyMap<string, TaskDefinition> = new Map(
  names.map((name) => [`celery.${name}`, defineTask(`celery.${name}`, { keywords: true })]),
);

/**
 * Steps that follow one another, each with the result of the one before; its result is that of the last. Chains inside are
 * spliced in, and a group that a step follows becomes a chord, which needs results that can count.
 * Source: celery/canvas.py `chain`.
 *
 * @example
 * ```ts
 * await client.call(chain(add.s(2, 2), mul.s(4))); // 16
 * ```
 * @throws CeleryError `option-invalid` for what is no call
 */
export function chain<const Steps extends Calls>(
  ...steps: Steps & Fits<Steps>
): Signature<MissingOfFirst<Steps>, LastResult<Steps>> {
  return compose(steps, protocol.chain(...wire("chain", steps)));
}

/**
 * Calls that run side by side; its result is the list of theirs, in this order. Groups inside are part of it.
 * Source: celery/canvas.py `group`.
 *
 * @throws CeleryError `option-invalid` for what is no call
 */
export function group<const Members extends Calls>(
  ...members: Members
): GroupSignature<MissingOfAll<Members>, Results<Members>> {
  return grouped(compose(members, protocol.group(...wire("group", members))));
}

/**
 * A header whose calls run side by side, and a body that gets the list of their results, once all are there. Needs results
 * that can count. Source: celery/canvas.py `chord`.
 *
 * @throws CeleryError `option-invalid` for what is no call
 */
export function chord<const Header extends Calls, R>(
  header: Header,
  body: Signature<readonly [Results<Header>], R>,
): Signature<MissingOfAll<Header>, R> {
  const [last] = wire("chord", [body]);
  return compose([...header, body], protocol.chord(wire("chord", header), last ?? null));
}

/**
 * One run that calls a task with each of the items and gives the list of what it returned. The task must be one of the
 * worker that runs it. Source: celery/canvas.py `xmap`.
 */
export function map<Item, R>(task: TypedTask<[item: Item], R>, items: readonly Item[]): Signature<[], R[]> {
  return compose([], protocol.map(callOf("map", task), items as readonly Tree[]));
}

/** As `map`, with a list of arguments for each call. Source: celery/canvas.py `xstarmap`. */
export function starmap<Args extends readonly unknown[], R>(
  task: TypedTask<Args, R>,
  items: readonly Args[],
): Signature<[], R[]> {
  return compose([], protocol.starmap(callOf("starmap", task), items as readonly Tree[]));
}

/**
 * As `starmap`, with `size` calls to one run: a group of starmaps. Its result is a list of lists.
 * Source: celery/canvas.py `chunks`.
 *
 * @throws CeleryError `option-invalid` where `size` is not an integer from 1
 */
export function chunks<Args extends readonly unknown[], R>(
  task: TypedTask<Args, R>,
  items: readonly Args[],
  size: number,
): GroupSignature<[], R[][]> {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new CeleryError("option-invalid", `chunks: size is ${String(size)}: it must be an integer from 1`);
  const expanded = protocol.expandChunks(protocol.chunks(callOf("chunks", task), items as readonly Tree[], size));
  return grouped(compose<[], R[][]>([], expanded));
}

/**
 * The call that a value holds: a task's argument, or a result, by which any Celery program handed on a signature.
 * Source: celery/canvas.py `Signature.from_dict`.
 *
 * @throws CeleryError `arguments-invalid` for what is no signature
 */
export function signatureFrom(value: unknown): Signature<[], unknown> {
  try {
    const signature = decodeSignature(value as Tree);
    return composeSignature(travelling.get(signature.task) ?? defineTask(signature.task), { signature, tasks: [] });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("arguments-invalid", `No call can be made of this: ${error.message}`, { cause: error });
  }
}

/** Marks a group for the compiler. */
function grouped<Missing extends readonly unknown[], R extends readonly unknown[]>(
  call: Signature<Missing, R>,
): GroupSignature<Missing, R> {
  return call as GroupSignature<Missing, R>;
}

function compose<Missing extends readonly unknown[], R>(
  parts: readonly AnySignature[],
  signature: WireSignature,
): Signature<Missing, R> {
  const tasks = [...new Set(parts.flatMap(tasksOf))];
  const task = travelling.get(signature.task) ?? defineTask(signature.task);
  return composeSignature(task, { signature, tasks });
}

function wire(what: string, calls: readonly AnySignature[]): readonly WireSignature[] {
  return calls.map((call) => {
    if (call?.kind === "signature") return toWireSignature(call);
    throw new CeleryError("option-invalid", `${what}: a part is ${typeof call}: give calls, made by task.s(…)`);
  });
}

/** Items are positional arguments, so a task that takes keywords cannot be called with them. */
function callOf(what: string, task: TaskDefinition): WireSignature {
  if (task.passing === "positional")
    return toWireSignature({
      kind: "signature",
      task,
      args: [],
      options: task.options,
      immutable: false,
      composed: null,
    });
  throw new CeleryError(
    "option-invalid",
    `${what}: task "${task.name}" takes keyword arguments: make a group of its calls instead`,
  );
}
