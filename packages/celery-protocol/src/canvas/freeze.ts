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

/** What freezing may set, beside the id; nothing that is absent or null. */
export interface Freezing {
  /** Of the task, of the last step of a chain, of the body of a chord; kept where there is one already. */
  readonly id?: string | null;
  /** Kept where there is one already. */
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  readonly chord?: OptionValue;
  readonly rootId?: string | null;
}

/** A signature with its ids, and where its result will be. */
export interface Frozen {
  readonly signature: WireSignature;
  readonly result: ResultTuple;
}

/**
 * A signature as it will be sent: in its normal form, with its id, the given one or a new one, and ids for all in it. Sent
 * twice it is the same task twice.
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
 * Gives a draft in its normal form, and all in it, the ids it will be sent with, and says what its result will be.
 * Source: celery/canvas.py `Signature.freeze` and those of its kinds.
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
 * Freezes the steps of a chain, from the last to the first. Only the last one is told of group and chord.
 * Source: celery/canvas.py `_chain.prepare_steps`.
 *
 * @returns the result of the last, which follows those of the others.
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

/** A list that is only handed on has no result: what follows it follows the header. */
function followed({ kind, body }: Draft, result: ResultNode): ResultNode {
  return kind === "chord" && body?.options["ignore_result"] === true ? (result.parent ?? result) : result;
}

/** Freezes the members under the id of the group. */
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
