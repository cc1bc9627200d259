import { asList, asNumber, asObject } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { type Budget, overBudget, resolveBudget } from "../wire/budget.ts";
import { ProtocolError } from "../wire/errors.ts";

/** Fields of a signature beside the name of its task. */
export interface SignatureFields {
  /** Default: none. */
  readonly args?: readonly Tree[] | undefined;
  /** Default: none. */
  readonly kwargs?: Readonly<Record<string, Tree>> | undefined;
  /** Call options by Celery's names: `queue`, `countdown`, `task_id`, … Default: none. */
  readonly options?: Readonly<Record<string, Tree>> | undefined;
  /** True: the result of the previous step is not prepended to the arguments (Celery's `si`). Default false. */
  readonly immutable?: boolean | undefined;
}

/** Creates the signature of one task: Celery's `task.s(…)`. Source: celery/canvas.py `Signature`. */
export function signature(task: string, fields: SignatureFields = {}): WireSignature {
  const { args = [], kwargs = {}, options = {}, immutable = false } = fields;
  return { task, args, kwargs, options, subtaskType: null, immutable, extra: {} };
}

/**
 * Creates a group, whose members run in parallel. A single group as argument is replaced by its members. Source:
 * celery/canvas.py `group`.
 */
export function group(...members: readonly WireSignature[]): WireSignature {
  return groupOf(members);
}

/** Creates a group of a list of members. */
export function groupOf(members: readonly WireSignature[]): WireSignature {
  const [only] = members;
  const inner = members.length === 1 && only !== undefined ? readCanvas(only) : null;
  const tasks = inner?.kind === "group" ? inner.tasks : members;
  return { ...signature("celery.group", { kwargs: { tasks: trees(tasks) } }), subtaskType: "group" };
}

/**
 * Creates a chord: when all tasks of the header have ended, the body runs with the list of their results. Source:
 * celery/canvas.py `_chord`.
 *
 * @param body - null where the call adds it.
 */
export function chord(header: readonly WireSignature[], body: WireSignature | null): WireSignature {
  const kwargs = { kwargs: {}, header: trees(header), body: body === null ? null : encodeSignature(body) };
  return { ...signature("celery.chord", { kwargs }), subtaskType: "chord" };
}

/**
 * Creates a map: one run calls a task with each item and returns the list of results. Source: celery/canvas.py `xmap`.
 */
export function map(task: WireSignature, items: readonly Tree[]): WireSignature {
  return signature("celery.map", { kwargs: { task: encodeSignature(task), it: items }, immutable: true });
}

/** As `map`, with a list of arguments for each call. Source: celery/canvas.py `xstarmap`. */
export function starmap(task: WireSignature, items: readonly Tree[]): WireSignature {
  return signature("celery.starmap", { kwargs: { task: encodeSignature(task), it: items }, immutable: true });
}

/**
 * Creates chunks: lists of arguments, `size` of them per run. A call expands it to a group of starmaps: `expandChunks`.
 * Source: celery/canvas.py `chunks`.
 */
export function chunks(task: WireSignature, items: readonly Tree[], size: number): WireSignature {
  return signature("celery.chunks", { kwargs: { task: encodeSignature(task), it: items, n: size }, immutable: true });
}

/** A signature by its kind, with the signatures inside it decoded. */
export type Canvas =
  | { readonly kind: "task" }
  | { readonly kind: "chain" | "group"; readonly tasks: readonly WireSignature[] }
  | { readonly kind: "chord"; readonly header: readonly WireSignature[]; readonly body: WireSignature | null }
  | { readonly kind: "map" | "starmap"; readonly task: WireSignature; readonly items: readonly Tree[] }
  | { readonly kind: "chunks"; readonly task: WireSignature; readonly items: readonly Tree[]; readonly size: number };

/**
 * Decodes the kind of a signature: a plain call, chain, group, chord, map, starmap or chunks.
 *
 * @throws ProtocolError `message-invalid` where one of these is malformed.
 */
export function readCanvas(composed: WireSignature): Canvas {
  const { kwargs } = composed;
  switch (composed.subtaskType ?? composed.task) {
    case "chain":
      return { kind: "chain", tasks: tasksOf(composed) };
    case "group":
      return { kind: "group", tasks: tasksOf(composed) };
    case "chord":
      return { kind: "chord", header: headerOf(kwargs["header"]), body: bodyOf(kwargs["body"]) };
    case "celery.map":
      return { kind: "map", ...mapped(kwargs, "map") };
    case "celery.starmap":
      return { kind: "starmap", ...mapped(kwargs, "starmap") };
    case "celery.chunks":
      return { kind: "chunks", ...mapped(kwargs, "chunks"), size: sizeOf(kwargs["n"]) };
    default:
      return { kind: "task" };
  }
}

/**
 * Expands a chunks signature to its group of starmaps.
 *
 * @param budget - default: see `Budget`.
 * @throws ProtocolError `message-invalid` for any other signature, `too-many` for more parts than the budget allows
 * messages.
 */
export function expandChunks(composed: WireSignature, budget: Budget = resolveBudget()): WireSignature {
  const canvas = readCanvas(composed);
  if (canvas.kind !== "chunks") return refuse("chunks");
  const { task, items, size } = canvas;
  const count = Math.ceil(items.length / size);
  if (count > budget.messages) throw overBudget("messages", budget, count, "local");
  const parts = Array.from({ length: count }, (_, index) => index * size);
  return groupOf(parts.map((start) => starmap(task, items.slice(start, start + size))));
}

/**
 * The steps of a chain or the members of a group.
 *
 * @throws ProtocolError `message-invalid` for a signature that is neither.
 */
export function tasksOf(composed: WireSignature): readonly WireSignature[] {
  return signaturesIn(composed.kwargs["tasks"], composed.subtaskType ?? "chain or group");
}

function trees(signatures: readonly WireSignature[]): readonly Tree[] {
  return signatures.map(encodeSignature);
}

function signaturesIn(tree: Tree | undefined, what: string): readonly WireSignature[] {
  return (asList(tree) ?? refuse(what)).map(decodeSignature);
}

/** A header is a list or, when the client froze it, the signature of a group. */
function headerOf(tree: Tree | undefined): readonly WireSignature[] {
  return signaturesIn(asObject(asObject(tree)?.["kwargs"])?.["tasks"] ?? tree, "chord");
}

function bodyOf(tree: Tree | undefined): WireSignature | null {
  return tree === undefined || tree === null ? null : decodeSignature(tree);
}

function mapped(kwargs: WireSignature["kwargs"], what: string): { task: WireSignature; items: readonly Tree[] } {
  return { task: decodeSignature(kwargs["task"] ?? null), items: asList(kwargs["it"]) ?? refuse(what) };
}

function sizeOf(tree: Tree | undefined): number {
  const size = asNumber(tree) ?? 0;
  return Number.isSafeInteger(size) && size > 0 ? size : refuse("chunks");
}

function refuse(what: string): never {
  throw new ProtocolError("message-invalid", "remote", `The signature is not a ${what}: its kwargs are malformed.`);
}
