import { asFlag, asObject } from "../content/fields.ts";
import { isSameTree } from "../content/same-tree.ts";
import type { Tree } from "../content/tree.ts";
import type { Signature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { readCanvas, tasksOf } from "./canvas.ts";
import { immutableErrback } from "./link.ts";
import type { Spending } from "./spending.ts";

/** A value of an option; `chord` holds the body itself, which may still be given its id. */
export type OptionValue = Tree | Draft;
/** Call options by Celery's names. */
export type DraftOptions = Record<string, OptionValue>;

/**
 * A signature on its way to be called: the copy of it that is given ids, split and merged while the messages are made.
 * It changes, and what is shared in Celery is shared here: the members of a cloned group belong to both, so that the ids
 * they were given when the group was frozen are those they are sent with. Source: celery/canvas.py `Signature`.
 */
export class Draft {
  readonly kind: "task" | "chain" | "group" | "chord";
  readonly task: string;
  args: readonly Tree[] = [];
  /** Keyword arguments of a task; of a chord those of all members of its header. */
  kwargs: Readonly<Record<string, Tree>> = {};
  options: DraftOptions = {};
  immutable = false;
  /** Steps of a chain, members of a group. */
  tasks: Draft[] = [];
  /** Header of a chord: a list, or a group once it was frozen. */
  header: Draft | Draft[] = [];
  body: Draft | null = null;
  extra: Readonly<Record<string, Tree>> = {};

  /** What all drafts of one canvas spend together. */
  readonly spending: Spending;

  /** @throws ProtocolError `too-many` where it is one too many. */
  constructor(kind: Draft["kind"], task: string, spending: Spending) {
    spending.signatures(1);
    this.kind = kind;
    this.task = task;
    this.spending = spending;
  }

  /** Members of the header of a chord. */
  get members(): Draft[] {
    return this.header instanceof Draft ? this.header.tasks : this.header;
  }
}

/** A group of these members, which stay the list's own. */
export function draftGroup(tasks: Draft[], spending: Spending, options: DraftOptions = {}): Draft {
  const group = new Draft("group", "celery.group", spending);
  group.tasks = tasks;
  group.options = options;
  return group;
}

/** A chord over the members of a group. */
export function draftChord(header: Draft, body: Draft, options: DraftOptions): Draft {
  const chord = new Draft("chord", "celery.chord", header.spending);
  chord.header = header.tasks;
  chord.body = body;
  chord.options = options;
  return chord;
}

/**
 * Reads a signature as Celery does when a message brings one. A chain and a group have no arguments of their own.
 *
 * @throws ProtocolError `message-invalid` for a canvas that does not hold what it should, `too-many` for too large a one.
 */
export function toDraft(signature: Signature, spending: Spending, depth = 1): Draft {
  // What lies deep in a canvas is copied once for each level above it.
  if (depth > 2) spending.signatures(depth - 2);
  const canvas = readCanvas(signature);
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
    draft.header = canvas.header.map((member) => toDraft(member, spending, depth + 1));
    draft.body = canvas.body && toDraft(canvas.body, spending, depth + 1);
  }
  return draft;
}

/** `immutable` among the options of a chain or group is Celery's argument of that name. */
function withTasks(draft: Draft, tasks: readonly Signature[], depth: number): Draft {
  const { immutable, ...options } = draft.options;
  draft.immutable = asFlag(immutable) ?? false;
  draft.options = options;
  draft.tasks = tasks.map((task) => toDraft(task, draft.spending, depth + 1));
  return draft;
}

/** What has been written already: a body stands in each member of its header, and is one object in all of them. */
type Written = Map<Draft, Tree>;

/** The signature as it stands in a message. Weigh it before, for it may be many times larger than the drafts. */
export function toSignature(draft: Draft, written: Written = new Map()): Signature {
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
  const write = (each: Draft): Tree => toTree(each, written);
  if (kind === "task") return kwargs;
  if (kind !== "chord") return { tasks: draft.tasks.map(write) };
  return { kwargs, header: Array.isArray(header) ? header.map(write) : write(header), body: body && write(body) };
}

/** What a signature is called with, beyond what it says itself. */
export interface Additions {
  readonly args?: readonly Tree[];
  readonly kwargs?: Readonly<Record<string, Tree>>;
  readonly options?: Readonly<DraftOptions>;
}

/**
 * Arguments before its own, keyword arguments over its own, unless it is immutable; options over its own, but for the group
 * and the stamps, which stay. Source: celery/canvas.py `Signature._merge`.
 */
export function merged(
  own: Pick<Draft, "args" | "kwargs" | "options" | "immutable" | "spending">,
  { args = [], kwargs = {}, options = {} }: Additions,
): Pick<Draft, "args" | "kwargs" | "options"> {
  own.spending.args(own.args.length + args.length);
  own.spending.fields(Object.keys(own.kwargs).length + Object.keys(own.options).length);
  own.spending.fields(Object.keys(options).length);
  const stamps = listOf(own.options["stamped_headers"]).filter((name) => typeof name === "string");
  const kept = new Set(["group_id", "stamped_headers", ...stamps]);
  const merge = { ...own.options, ...withoutKept(own.options, options, kept) };
  if (own.immutable) return { args: own.args, kwargs: own.kwargs, options: merge };
  return { args: [...args, ...own.args], kwargs: { ...own.kwargs, ...kwargs }, options: merge };
}

/** The options that may stand over those there are, where those of some names are kept. */
export function withoutKept(
  own: Readonly<DraftOptions>,
  options: Readonly<DraftOptions>,
  kept: ReadonlySet<string>,
): DraftOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !kept.has(name) || !Object.hasOwn(own, name)));
}

/** A copy to change, with additions. Source: celery/canvas.py `Signature.clone` and those of its kinds. */
export function clone(draft: Draft, additions: Additions = {}): Draft {
  const copy = new Draft(draft.kind, draft.task, draft.spending);
  const { args, kwargs, options } = merged(draft, additions);
  copy.options = options;
  if (draft.kind === "chain") copy.tasks = draft.tasks.map((task) => clone(task));
  else if (draft.kind === "group") copy.tasks = draft.tasks;
  else {
    copy.args = args;
    copy.kwargs = kwargs;
    copy.immutable = draft.immutable;
    copy.extra = draft.extra;
    copy.header = Array.isArray(draft.header) ? draft.header.map((task) => clone(task)) : draft.members;
    copy.body = draft.body && clone(draft.body);
  }
  return copy;
}

/**
 * How many results a signature brings to the chord whose header it stands in: a chain those of its last step that has any,
 * a group those of its members, a chord those of its body. Source: celery/canvas.py `_chord._descend`.
 */
export function sizeOf(draft: Draft | null): number {
  if (draft === null) return 0;
  switch (draft.kind) {
    case "task":
      return 1;
    case "group":
      return draft.tasks.reduce((sum, task) => sum + sizeOf(task), 0);
    case "chain":
      return draft.tasks.reduceRight((size, task) => (size > 0 ? size : sizeOf(task)), 0);
    case "chord":
      return sizeOf(draft.body);
  }
}

/** Adds a callback where Celery's `link` puts it: behind the body of a chord, after the first member of a group. */
export function linkDraft(draft: Draft, callback: Tree): void {
  if (draft.kind === "chord" && draft.body !== null) return linkDraft(draft.body, callback);
  const [first] = draft.tasks;
  if (draft.kind !== "group") append(draft, "link", callback);
  else if (first !== undefined) linkDraft(first, { ...asObject(callback), immutable: true });
}

/** Adds an errback where Celery's `link_error` puts it: to each member of a group, to the body of a chord. */
export function linkErrorDraft(draft: Draft, errback: Tree): void {
  if (draft.kind === "group") {
    const immutable = encodeSignature(immutableErrback(decodeSignature(errback)));
    for (const task of draft.tasks) linkErrorDraft(task, immutable);
  } else if (draft.kind === "chord") {
    const nested = Array.isArray(draft.header) ? draft.header.filter(({ kind }) => kind === "chord") : [];
    for (const chord of nested) linkErrorDraft(chord, errback);
    if (draft.body !== null) linkErrorDraft(draft.body, errback);
  } else append(draft, "link_error", errback);
}

function append(draft: Draft, option: "link" | "link_error", added: Tree): void {
  const links = listOf(draft.options[option]);
  draft.spending.signatures(links.length);
  if (!links.some((other) => isSameTree(other, added))) draft.options[option] = [...links, added];
}

/** A list as it is, a single value as a list of it, null as none. Source: celery/utils/functional.py `maybe_list`. */
export function listOf(value: OptionValue | undefined): readonly Tree[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly Tree[];
  return [toTree(value)];
}
