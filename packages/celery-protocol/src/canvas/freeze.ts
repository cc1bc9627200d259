import { asText } from "../content/fields.ts";
import type { ResultTuple } from "../result/tuple.ts";
import type { WireSignature } from "../task/signature.ts";
import { ProtocolError } from "../wire/errors.ts";
import { type Draft, draftOf, type DraftOptions, type OptionValue, toDraft, toSignature } from "./draft.ts";
import { formed } from "./form.ts";
import { lineOf } from "./line.ts";
import type { Mint } from "./mint.ts";
import { oldest, ResultNode, toResultTuple } from "./result-node.ts";
import { spendingOf } from "./spending.ts";
import { Scales } from "./weight.ts";

/** Fields that freezing sets; absent and null ones are not set. */
export interface Freezing {
  /** Id of the task, of the last step of a chain, of the body of a chord. An existing id is kept. */
  readonly id?: string | null;
  /** An existing group is kept. */
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  readonly chord?: OptionValue;
  readonly rootId?: string | null;
}

/** A signature with its ids, and its result. */
export interface Frozen {
  /** The signature with ids. */
  readonly signature: WireSignature;
  /** Result tuple of the signature. */
  readonly result: ResultTuple;
}

/**
 * Freezes a signature: in its normal form, with ids for all its tasks, the given id or a new one. Sent twice, it is the
 * same task.
 *
 * @throws ProtocolError as `unfold`.
 */
export function freezeSignature(signature: WireSignature, mint: Mint, id: string | null = null): Frozen {
  const spending = spendingOf(mint);
  const steps = formed(lineOf(toDraft(signature, spending)), true);
  const [only, ...others] = steps;
  if (only === undefined) return refuse("a chain without steps");
  const draft = others.length === 0 ? only : draftOf("chain", steps, spending);
  const result = toResultTuple(freeze(draft, { id }, mint));
  spending.writable(new Scales().weigh(draft));
  return { signature: toSignature(draft), result };
}

/**
 * Sets the ids of a draft in its normal form and of all its parts, and returns its result. Source: celery/canvas.py
 * `Signature.freeze` and those of its kinds.
 *
 * @throws ProtocolError `option-invalid` for an empty chain, which has no result.
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
  const result = freezeSteps(draft.tasks, given, mint);
  draft.options["task_id"] = result.id;
  return result;
}

/**
 * Freezes the steps of a chain, from the last to the first. Only the last one gets group and chord. Source:
 * celery/canvas.py `_chain.prepare_steps`.
 *
 * @returns the result of the last step, whose parents are those of the others.
 */
export function freezeSteps(steps: readonly Draft[], given: Freezing, mint: Mint): ResultNode {
  let last: ResultNode | null = null;
  let awaiting: ResultNode | null = null;
  for (const step of steps.toReversed()) {
    const result = freeze(step, last === null ? given : { rootId: given.rootId ?? null }, mint);
    if (awaiting !== null) awaiting.parent ??= followed(step, result);
    last ??= result;
    awaiting = step.kind === "chord" ? oldest(result) : result;
  }
  return last ?? refuse("a chain without steps");
}

/** A task that only passes a list on has no result: its follower's parent is the header. */
function followed({ kind, body }: Draft, result: ResultNode): ResultNode {
  return kind === "chord" && body?.options["ignore_result"] === true ? (result.parent ?? result) : result;
}

/** Freezes the members of a group, and its id. */
export function freezeGroup(draft: Draft, given: Freezing, mint: Mint): ResultNode {
  const { options } = draft;
  const id = asText(options["task_id"]) ?? given.groupId ?? mint.id();
  options["task_id"] = id;
  if (given.groupId) options["group_id"] = given.groupId;
  if (!("root_id" in options)) options["root_id"] = given.rootId ?? null;
  if (!("parent_id" in options)) options["parent_id"] = null;
  const { groupId = null, chord = null } = given;
  const rootId = asText(options["root_id"]);
  const results = draft.tasks.map((member, groupIndex) => freeze(member, { groupId, chord, rootId, groupIndex }, mint));
  return new ResultNode(id, results);
}

function freezeChord(draft: Draft, given: Freezing, mint: Mint): ResultNode {
  const { header, body } = draft;
  if (header === null || body === null) return refuse("a chord without a body");
  const headerResult = freezeGroup(header, { rootId: given.rootId ?? null }, mint);
  draft.options["task_id"] = headerResult.id;
  const result = freeze(body, given, mint);
  oldest(result).parent = headerResult;
  return result;
}

function refuse(what: string): never {
  throw new ProtocolError("option-invalid", "local", `${what} cannot be called: it has no result. Leave it out.`);
}
