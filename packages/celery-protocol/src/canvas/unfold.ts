import { asText } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { encodeResultTuple, type ResultTuple } from "../result/tuple.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature } from "../task/signature-codec.ts";
import { readCanvas } from "./canvas.ts";
import { type Caller, composeCall, type Sending } from "./compose.ts";
import { Draft, given, listOf, merge, toDraft, toTree, type Written } from "./draft.ts";
import { chainOf, closed, failsAsOne, formed } from "./form.ts";
import { freeze, freezeGroup, freezeSteps } from "./freeze.ts";
import { addToFirst, isBound, type Line, lineOf } from "./line.ts";
import type { Mint } from "./mint.ts";
import { ResultNode, toResultTuple } from "./result-node.ts";
import { type Spending, spendingOf } from "./spending.ts";
import { Scales } from "./weight.ts";

/** A step of starting a canvas, in order. */
export type CanvasStep =
  | ({ readonly do: "send" } & Sending)
  /** The members of a chord's header are about to be sent: Celery's `backend.apply_chord`. */
  | { readonly do: "apply-chord"; readonly chord: AppliedChord }
  /** All members of the header but the last are sent: this number of results completes the chord. */
  | { readonly do: "set-chord-size"; readonly groupId: string; readonly size: number };

/** A chord whose header is about to be sent. */
export interface AppliedChord {
  /** Id of the header. */
  readonly groupId: string;
  /** The results of the header. */
  readonly header: ResultTuple;
  /** Called with the list of results. */
  readonly body: WireSignature;
  /** Options for backends that poll the header: seconds between two polls, and the most polls. */
  readonly interval: Tree;
  /** Retries of `celery.chord_unlock`, as the options name them. */
  readonly maxRetries: Tree;
}

/** The steps of a call, and its result. */
export interface Unfolded {
  /** Messages to send, in their order. */
  readonly steps: readonly CanvasStep[];
  /** The result; null where no message is sent: an empty chain. */
  readonly result: ResultTuple | null;
  /** Result tuples of the sent tasks, for the `children` of a running task. */
  readonly children: readonly Tree[];
}

/** Arguments and options of the call of a canvas. */
export interface Unfolding {
  /** Before its own arguments. */
  readonly args?: readonly Tree[];
  /** Keyword arguments to merge into the call. Default none. */
  readonly kwargs?: Readonly<Record<string, Tree>>;
  /** Call options by Celery's names. */
  readonly options?: Readonly<Record<string, Tree>>;
  /** The running task; null, the default, for a client. */
  readonly caller?: Caller | null;
  /** A budget shared with other calls. Default: the whole budget. */
  readonly spending?: Spending;
}

/**
 * Unfolds a canvas in its normal form to the messages to send now: all members of a group, the header of a chord, the
 * first step of a chain with the others inside it. Source: celery/canvas.py, `apply_async` of each kind.
 *
 * @throws ProtocolError `message-invalid` for a malformed canvas, `option-invalid` for a chord without a body,
 * `time-invalid` for an invalid eta or expires, `too-many` and `too-large` beyond the budget, before the messages are
 * composed.
 */
export function unfold(signature: WireSignature, mint: Mint, how: Unfolding = {}): Unfolded {
  const { args = [], kwargs = {}, options = {}, caller = null, spending = spendingOf(mint) } = how;
  const canvas = readCanvas(signature);
  // Checked before they are read.
  if (canvas.kind === "group") spending.expect(canvas.tasks.length);
  const draft = toDraft(signature, spending);
  const { chain: own, ...said } = draft.options;
  const { chain = own, ...added } = given(options);
  draft.options = said;
  merge(draft, { options: added });
  const { body = null, ...ofHeader } = draft.kind === "chord" ? kwargs : {};
  if (body !== null) draft.body = toDraft(decodeSignature(body), spending);
  const line = lineOf(draft);
  addToFirst(line, { args, kwargs: draft.kind === "chord" ? ofHeader : kwargs });
  return unfoldLine(line, mint, {
    rest: chain === undefined ? (draft.kind === "chain" ? [] : null) : listOf(chain),
    caller,
    spending,
  });
}

/** Options of unfolding a line. */
export interface LineUnfolding {
  /** Written steps after the line, the next one last; null is none. */
  readonly rest: Rest;
  readonly caller: Caller | null;
  readonly spending: Spending;
}

/** Unfolds a line. */
export function unfoldLine(line: Line, mint: Mint, { rest, caller, spending }: LineUnfolding): Unfolded {
  const isFollowed = rest !== null && rest.length > 0;
  const steps = formed(isFollowed ? closed(line, false) : line, !isFollowed);
  const composer = new MessageComposer(mint, caller, spending);
  const result = composer.start(steps, rest);
  return { steps: composer.steps, result: result && toResultTuple(result), children: composer.children };
}

/** Whether these steps or later ones need a backend that counts chords. */
export function needsChords(steps: readonly CanvasStep[]): boolean {
  return steps.some(
    (step) => step.do === "apply-chord" || (step.do === "send" && step.task.chain?.some(isChord) === true),
  );
}

function isChord({ subtaskType }: WireSignature): boolean {
  return subtaskType === "chord";
}

/** Trees of the following steps, the next one last; null outside of a chain. */
type Rest = readonly Tree[] | null;

/** Composes the messages of the first step of a normal form, with the rest inside them. */
class MessageComposer {
  readonly steps: CanvasStep[] = [];
  readonly children: Tree[] = [];
  readonly #mint: Mint;
  readonly #caller: Caller | null;
  readonly #spending: Spending;
  readonly #scales = new Scales();
  /** Written bodies of chords, shared by the members of their headers. */
  readonly #bodies: Written = new Map();

  constructor(mint: Mint, caller: Caller | null, spending: Spending) {
    this.#mint = mint;
    this.#caller = caller;
    this.#spending = spending;
  }

  /** Sets all ids and composes the messages; returns the result of the last step. */
  start(steps: readonly Draft[], rest: Rest): ResultNode | null {
    if (steps.length === 0) return null;
    const result = freezeSteps(steps, {}, this.#mint);
    this.#apply(steps, rest, true);
    return result;
  }

  /** @param isOwn - false for a member of a group, whose result is part of the group's. */
  #apply(steps: readonly Draft[], rest: Rest, isOwn: boolean): void {
    const [first, ...others] = steps;
    if (first?.kind === "group") this.#sendGroup(first, isOwn);
    else if (first?.kind === "chord") this.#sendChord(first, others, rest, isOwn);
    else if (first !== undefined) this.#send(first, others.length === 0 ? rest : this.#chainOf(others, rest), isOwn);
  }

  #chainOf(steps: readonly Draft[], rest: Rest): readonly Tree[] {
    this.#spending.writable(new Scales().all(steps));
    return [...(rest ?? []), ...steps.toReversed().map((step) => toTree(step))];
  }

  #send({ task, args, kwargs, options: said }: Draft, chain: Rest, isOwn: boolean): void {
    const options = { ...said };
    if (chain !== null) options["chain"] = chain;
    const { chord, link, link_error, add_to_parent } = options;
    if (chord instanceof Draft) options["chord"] = this.#written(chord);
    this.#spending.signatures(listOf(link).length + listOf(link_error).length + (chain?.length ?? 0));
    this.#spending.message(this.#scales.all(args) + this.#scales.members(kwargs) + this.#scales.members(options));
    const sending = composeCall({ task, args, kwargs, options }, this.#mint, this.#caller);
    this.steps.push({ do: "send", ...sending });
    if (isOwn && add_to_parent !== false) this.#name(new ResultNode(sending.task.id));
  }

  #name(result: ResultNode): void {
    this.children.push(encodeResultTuple(toResultTuple(result)));
  }

  /** Once members of the header are composed, the body of a chord does not change. */
  #written(body: Draft): Tree {
    const known = this.#bodies.get(body);
    if (known !== undefined) return known;
    this.#spending.writable(new Scales().weigh(body));
    return toTree(body, this.#bodies);
  }

  #sendGroup(group: Draft, isOwn: boolean): void {
    if (group.tasks.length === 0) return;
    const result = freezeGroup(group, { groupId: asText(group.options["task_id"]) }, this.#mint);
    this.#spending.expect(group.tasks.length);
    for (const member of group.tasks) this.#sendMember(member);
    if (isOwn) this.#name(result);
  }

  #sendMember(member: Draft): void {
    const isChain = member.kind === "chain";
    this.#apply(isChain ? member.tasks : [member], isChain ? [] : null, false);
  }

  /** The rest of the chain follows the body; the members of the header report to the body. */
  #sendChord(chord: Draft, others: readonly Draft[], rest: Rest, isOwn: boolean): void {
    const { header, body: first } = chord as Draft & { readonly header: Draft; readonly body: Draft };
    const groupId = asText(header.options["task_id"]) ?? "";
    const body = this.#bodyOf(first, others, rest);
    const rootId = asText(body.options["root_id"]);
    freeze(body, { groupId, rootId }, this.#mint);
    const result = freezeGroup(header, { groupId, rootId, chord: body }, this.#mint);
    this.#spending.expect(header.tasks.length);
    const written = decodeSignature(this.#written(body));
    this.steps.push({ do: "apply-chord", chord: appliedChord(groupId, result, written, chord) });
    const size = header.tasks.length;
    for (const [index, member] of header.tasks.entries()) {
      if (index === size - 1) this.steps.push({ do: "set-chord-size", groupId, size });
      this.#sendMember(member);
    }
    if (isOwn) this.#name(result);
  }

  /**
   * With a body that is a chain, every Celery version fails the last step; with a chain in the body's options, Celery
   * 5.7 fails each step, including those that report to a chord around it.
   */
  #bodyOf(first: Draft, others: readonly Draft[], rest: Rest): Draft {
    const isRest = rest !== null && rest.length > 0;
    if (others.length === 0 && !isRest) {
      if (rest !== null && first.kind === "task") first.options["chain"] = rest;
      return first;
    }
    const steps = [first, ...others];
    if (!isRest && !isBound(others) && failsAsOne(steps)) return chainOf(steps);
    first.options["chain"] = this.#chainOf(others, rest);
    return first;
  }
}

function appliedChord(groupId: string, header: ResultNode, body: WireSignature, { options }: Draft): AppliedChord {
  const { interval = null, max_retries = null } = options;
  return {
    groupId,
    header: toResultTuple(header),
    body,
    interval: toTree(interval),
    maxRetries: toTree(max_retries),
  };
}
