import { asText } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import type { ResultTuple } from "../result/tuple.ts";
import type { Signature } from "../task/signature.ts";
import { ProtocolError } from "../wire/errors.ts";
import {
  clone,
  type Draft,
  draftChord,
  draftGroup,
  type DraftOptions,
  linkErrorDraft,
  type OptionValue,
  toDraft,
  toSignature,
} from "./draft.ts";
import type { Mint } from "./mint.ts";
import { spendingOf } from "./spending.ts";
import { Scales } from "./weight.ts";
import { oldest, ResultNode, toResultTuple } from "./result-node.ts";

/** What freezing may set, beside the id; nothing that is absent or null. */
export interface Freezing {
  /** Of the task, of the last step of a chain, of the body of a chord; kept where there is one already. */
  readonly id?: string | null;
  /** Kept where there is one already. */
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  readonly chord?: OptionValue;
  readonly rootId?: string | null;
  readonly parentId?: string | null;
}

/** A signature with its ids, and where its result will be. */
export interface Frozen {
  readonly signature: Signature;
  readonly result: ResultTuple;
}

/**
 * A signature as it will be sent: with its id, the given one or a new one, and ids for all in it. Sent twice it is the same
 * task twice.
 *
 * @throws ProtocolError as `unfold`.
 */
export function freezeSignature(signature: Signature, mint: Mint, id: string | null = null): Frozen {
  const spending = spendingOf(mint);
  const draft = toDraft(signature, spending);
  const result = toResultTuple(freeze(draft, { id }, mint));
  spending.writable(new Scales().weigh(draft));
  return { signature: toSignature(draft), result };
}

/**
 * Gives a signature, and all in it, the ids it will be sent with, and says what its result will be.
 * Source: celery/canvas.py `Signature.freeze` and those of its kinds.
 *
 * @throws ProtocolError `option-invalid` for an empty chain or a chord without a body, which have no result.
 */
export function freeze(draft: Draft, given: Freezing, mint: Mint): ResultNode {
  switch (draft.kind) {
    case "task":
      return freezeTask(draft.options, given, mint);
    case "chain":
      return freezeChain(draft, given, mint);
    case "group":
      return freezeGroup(draft, given, mint);
    case "chord":
      return freezeChord(draft, given, mint);
  }
}

function freezeTask(options: DraftOptions, given: Freezing, mint: Mint): ResultNode {
  const id = asText(options["task_id"]) ?? given.id ?? mint.id();
  options["task_id"] = id;
  if (given.rootId) options["root_id"] = given.rootId;
  if (given.parentId) options["parent_id"] = given.parentId;
  if (mint.replyTo !== null) options["reply_to"] ??= mint.replyTo;
  if (given.groupId && !("group_id" in options)) options["group_id"] = given.groupId;
  setChord(options, given);
  return new ResultNode(id);
}

function setChord(options: DraftOptions, { chord = null, groupIndex = null }: Freezing): void {
  if (chord !== null) options["chord"] = chord;
  if (groupIndex !== null) options["group_index"] = groupIndex;
}

function freezeChain(draft: Draft, given: Freezing, mint: Mint): ResultNode {
  const [last] = prepareSteps(draft, { ...given, clones: false }, mint).results;
  return last ?? refuse("a chain without steps");
}

/** Freezes the members under the id of the group; those of groups inside come as Celery puts them, last first. */
export function freezeGroup(draft: Draft, given: Freezing, mint: Mint): ResultNode {
  const { options } = draft;
  const id = asText(options["task_id"]) ?? given.groupId ?? mint.id();
  options["task_id"] = id;
  if (given.groupId) options["group_id"] = given.groupId;
  setChord(options, given);
  if (!("root_id" in options)) options["root_id"] = given.rootId ?? null;
  if (!("parent_id" in options)) options["parent_id"] = given.parentId ?? null;
  const members = flattened(draft.tasks);
  const rootId = asText(options["root_id"]);
  const parentId = asText(options["parent_id"]);
  const { groupId = null, chord = null } = given;
  const results = members.map((member, groupIndex) =>
    freeze(member, { groupId, chord, rootId, parentId, groupIndex }, mint),
  );
  replaceAll(draft.tasks, members);
  return new ResultNode(id, results);
}

function flattened(tasks: readonly Draft[]): readonly Draft[] {
  const waiting = tasks.toReversed();
  const members: Draft[] = [];
  for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
    const member = clone(task);
    if (member.kind !== "group") members.push(member);
    else for (const inner of member.tasks) waiting.push(inner);
  }
  return members;
}

/** In place, for the list may be another group's, too. */
function replaceAll(list: Draft[], items: readonly Draft[]): void {
  list.length = 0;
  for (const item of items) list.push(item);
}

function freezeChord(draft: Draft, given: Freezing, mint: Mint): ResultNode {
  const { body } = draft;
  if (body === null) return refuse("a chord without a body");
  const header = Array.isArray(draft.header) ? draftGroup(draft.header, draft.spending) : draft.header;
  draft.header = header;
  const { rootId = null, parentId = null } = given;
  const headerResult = freezeGroup(header, { rootId, parentId, chord: body }, mint);
  draft.options["task_id"] = headerResult.id;
  const { parentId: _, ...ofBody } = given;
  const result = freeze(body, ofBody, mint);
  oldest(result).parent = headerResult;
  return result;
}

/** How the steps of a chain are prepared. */
export interface Preparing extends Freezing {
  /** Whether the steps are copied; without, they are changed in place, to be found frozen later. */
  readonly clones: boolean;
  /** Arguments of the first step, before its own. */
  readonly args?: readonly Tree[];
  readonly kwargs?: Readonly<Record<string, Tree>>;
  /** Errbacks for every step. */
  readonly errbacks?: readonly Tree[];
}

/** The steps of a chain as they are sent, and their results, both in reverse. */
export interface Prepared {
  readonly tasks: Draft[];
  readonly results: ResultNode[];
}

/**
 * Splices chains inside a chain, makes a chord of a group that a step follows, and freezes each step, from the last to the
 * first. Only the last one is told of group and chord. Source: celery/canvas.py `_chain.prepare_steps`.
 */
export function prepareSteps(chain: Draft, how: Preparing, mint: Mint): Prepared {
  const waiting = [...chain.tasks];
  const prepared: Prepared = { tasks: [], results: [] };
  const { id = null, groupId = null, groupIndex = null, chord = null, rootId = null } = how;
  let awaiting: ResultNode | null = null;
  let isLast = true;
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    let task = copied(unrolled(step), waiting.length === 0, how);
    if (task.kind === "chain") {
      for (const inner of task.tasks) waiting.push(inner);
      continue;
    }
    if (task.kind === "group" && prepared.tasks.length > 0) {
      task = upgraded(task, prepared, rootId);
      awaiting = prepared.results.at(-1) ?? null;
    }
    const result: ResultNode = freeze(task, isLast ? { id, groupId, groupIndex, chord, rootId } : { rootId }, mint);
    isLast = false;
    if (awaiting !== null) awaiting.parent ??= result;
    for (const errback of how.errbacks ?? []) linkErrorDraft(task, errback);
    prepared.tasks.push(task);
    prepared.results.push(result);
    awaiting = task.kind === "chord" ? oldest(result) : result;
  }
  chain.options["task_id"] = id;
  return prepared;
}

function copied(task: Draft, isFirst: boolean, how: Preparing): Draft {
  const { args = [], kwargs = {} } = isFirst ? how : {};
  if (how.clones) return clone(task, { args, kwargs });
  task.args = [...args, ...task.args];
  return task;
}

/** A group of one is its member. */
export function unrolled(draft: Draft): Draft {
  const [only] = draft.tasks;
  return draft.kind === "group" && draft.tasks.length === 1 && only !== undefined ? only : draft;
}

/** The step that was prepared last becomes the body of a chord over the group. */
function upgraded(group: Draft, { tasks, results }: Prepared, rootId: string | null): Draft {
  const body = tasks.pop();
  const result = results.pop();
  if (body === undefined) return group;
  const id = result === undefined || result.members !== null ? {} : { task_id: result.id };
  return draftChord(group, body, { ...id, root_id: rootId });
}

function refuse(what: string): never {
  throw new ProtocolError("option-invalid", "local", `${what} cannot be called: it has no result. Leave it out.`);
}
