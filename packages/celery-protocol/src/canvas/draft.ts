import { asFlag, asObject } from "../content/fields.ts";
import { isSameTree } from "../content/same-tree.ts";
import type { Tree } from "../content/tree.ts";
import type { WireSignature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { expandChunks, readCanvas, tasksOf } from "./canvas.ts";
import type { Spending } from "./spending.ts";

/** Value of an option; `chord` is the body itself, which may get its id later. */
export type OptionValue = Tree | Draft;
/** Call options by Celery's names. */
export type DraftOptions = Record<string, OptionValue>;

/**
 * A mutable copy of a signature that gets ids, and is split and merged, while the messages are composed. Each call has
 * drafts of its own. Source: celery/canvas.py `Signature`.
 */
export class Draft {
  /** Kind of the signature. */
  readonly kind: "task" | "chain" | "group" | "chord";
  /** Name of the task. */
  readonly task: string;
  /** Positional arguments. */
  args: readonly Tree[] = [];
  /** Keyword arguments of a task; for a chord those of all members of its header. */
  kwargs: Readonly<Record<string, Tree>> = {};
  /** Call options by Celery's names. */
  options: DraftOptions = {};
  /** Whether the result of the previous step is not handed in. */
  immutable = false;
  /** Steps of a chain, members of a group. */
  tasks: Draft[] = [];
  /** Header of a chord, a group. */
  header: Draft | null = null;
  /** Body of a chord. */
  body: Draft | null = null;
  /** Unknown keys of the signature. */
  extra: Readonly<Record<string, Tree>> = {};

  /** The budget that all drafts of one canvas share. */
  readonly spending: Spending;

  /** @throws ProtocolError `too-many` where the budget is used up. */
  constructor(kind: Draft["kind"], task: string, spending: Spending) {
    spending.signatures(1);
    this.kind = kind;
    this.task = task;
    this.spending = spending;
  }
}

/** A group of these members, or a chain of these steps, without copying the list. */
export function draftOf(kind: "group" | "chain", tasks: Draft[], spending: Spending): Draft {
  const draft = new Draft(kind, `celery.${kind}`, spending);
  draft.tasks = tasks;
  return draft;
}

/**
 * Reads a signature as Celery does from a message. Chains and groups have no arguments of their own. Chunks are
 * expanded to their group of starmaps.
 *
 * @throws ProtocolError `message-invalid` for a malformed canvas, `too-many` for one that is too large.
 */
export function toDraft(signature: WireSignature, spending: Spending, depth = 1): Draft {
  // Each message of a nested header repeats the bodies of all chords around it.
  if (depth > 2) spending.signatures(depth - 2);
  const canvas = readCanvas(signature);
  if (canvas.kind === "chunks") return chunksDraft(signature, spending);
  const isComposed = canvas.kind === "chain" || canvas.kind === "group" || canvas.kind === "chord";
  const draft = new Draft(isComposed ? canvas.kind : "task", signature.task, spending);
  spending.fields(Object.keys(signature.options).length);
  draft.options = { ...signature.options };
  if (canvas.kind === "chain" || canvas.kind === "group") return withTasks(draft, tasksOf(signature), depth);
  draft.args = signature.args;
  draft.immutable = signature.immutable;
  draft.extra = signature.extra;
  if (canvas.kind !== "chord") draft.kwargs = signature.kwargs;
  else {
    draft.kwargs = asObject(signature.kwargs["kwargs"]) ?? {};
    const members = canvas.header.map((member) => toDraft(member, spending, depth + 1));
    draft.header = draftOf("group", members, spending);
    draft.header.options = { ...asObject(asObject(signature.kwargs["header"])?.["options"]) };
    draft.body = canvas.body && toDraft(canvas.body, spending, depth + 1);
  }
  return draft;
}

/** `immutable` among the options of a chain or group is Celery's argument of that name. */
function withTasks(draft: Draft, tasks: readonly WireSignature[], depth: number): Draft {
  const { immutable, ...options } = draft.options;
  draft.immutable = asFlag(immutable) ?? false;
  draft.options = options;
  draft.tasks = tasks.map((task) => toDraft(task, draft.spending, depth + 1));
  return draft;
}

/** Chunks with an id have one result, since the client awaits that id. */
function chunksDraft(signature: WireSignature, spending: Spending): Draft {
  const group = toDraft(expandChunks(signature, spending.budget), spending);
  group.options = { ...signature.options };
  if (!("task_id" in group.options)) return group;
  const { task_id, group_id, group_index, chord, link, link_error, ...options } = group.options;
  group.options = options;
  const list = listTask(spending);
  list.options = given({ task_id, group_id, group_index, chord, link, link_error });
  return draftOf("chain", [group, list], spending);
}

/** The task whose result is the list that it is called with. Source: celery/app/builtins.py `add_accumulate_task`. */
export function listTask(spending: Spending): Draft {
  const task = new Draft("task", "celery.accumulate", spending);
  task.kwargs = { index: 0 };
  return task;
}

/** Options without absent ones: null is a value only for `compression`. */
export function given(options: Readonly<Record<string, OptionValue | undefined>>): DraftOptions {
  const says = (entry: [string, OptionValue | undefined]): entry is [string, OptionValue] =>
    entry[1] !== undefined && (entry[1] !== null || entry[0] === "compression");
  return Object.fromEntries(Object.entries(options).filter(says));
}

/** Drafts that were written already: the body of a chord is one object, shared by all members of its header. */
export type Written = Map<Draft, Tree>;

/** Writes the signature for a message. Measure it before: it may be many times larger than the drafts. */
export function toSignature(draft: Draft, written: Written = new Map()): WireSignature {
  return {
    task: draft.task,
    args: draft.args,
    kwargs: kwargsOf(draft, written),
    options: Object.fromEntries(Object.entries(draft.options).map(([name, value]) => [name, toTree(value, written)])),
    subtaskType: draft.kind === "task" ? null : draft.kind,
    immutable: draft.immutable,
    extra: draft.extra,
  };
}

/** The same, written. */
export function toTree(value: OptionValue, written: Written = new Map()): Tree {
  if (!(value instanceof Draft)) return value;
  const known = written.get(value);
  if (known !== undefined) return known;
  const tree = encodeSignature(toSignature(value, written));
  written.set(value, tree);
  return tree;
}

function kwargsOf(draft: Draft, written: Written): Readonly<Record<string, Tree>> {
  const { kind, kwargs, header, body } = draft;
  if (kind === "task") return kwargs;
  if (kind !== "chord") return { tasks: draft.tasks.map((each) => toTree(each, written)) };
  return { kwargs, header: header && headerTree(header, written), body: body && toTree(body, written) };
}

/** As in Celery, a list until it is frozen to a group with an id. */
function headerTree(header: Draft, written: Written): Tree {
  const isFrozen = Object.keys(header.options).length > 0;
  return isFrozen ? toTree(header, written) : header.tasks.map((each) => toTree(each, written));
}

/** Arguments and options of a call, beyond the signature's own. */
export interface Additions {
  readonly args?: readonly Tree[];
  readonly kwargs?: Readonly<Record<string, Tree>>;
  readonly options?: Readonly<DraftOptions>;
}

/**
 * Prepends arguments and overrides keyword arguments, unless the signature is immutable; overrides options, except the
 * group and the stamps. Source: celery/canvas.py `Signature._merge`.
 */
export function merge(own: Draft, { args = [], kwargs = {}, options = {} }: Additions): void {
  const { spending } = own;
  spending.args(own.args.length + args.length);
  spending.fields(Object.keys(own.kwargs).length + Object.keys(own.options).length);
  spending.fields(Object.keys(options).length);
  const stamps = listOf(own.options["stamped_headers"]).filter((name) => typeof name === "string");
  const kept = new Set(["group_id", "stamped_headers", ...stamps].filter((name) => Object.hasOwn(own.options, name)));
  const over = Object.entries(options).filter(([name]) => !kept.has(name));
  if (over.length > 0) own.options = { ...own.options, ...Object.fromEntries(over) };
  if (own.immutable) return;
  if (args.length > 0) own.args = [...args, ...own.args];
  if (Object.keys(kwargs).length > 0) own.kwargs = { ...own.kwargs, ...kwargs };
}

/** Adds a callback or an errback to the options, once. */
export function append(draft: Draft, option: "link" | "link_error", added: Tree): void {
  const links = listOf(draft.options[option]);
  draft.spending.signatures(links.length);
  if (!links.some((other) => isSameTree(other, added))) draft.options[option] = [...links, added];
}

/**
 * A list unchanged, a single value as a list of one, null as an empty list. Source: celery/utils/functional.py
 * `maybe_list`.
 */
export function listOf(value: OptionValue | undefined): readonly Tree[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly Tree[];
  return [toTree(value)];
}
