import { asNumber, asText } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { encodeResultTuple, type ResultTuple } from "../result/tuple.ts";
import type { Signature } from "../task/signature.ts";
import { decodeSignature } from "../task/signature-codec.ts";
import { ProtocolError } from "../wire/errors.ts";
import { expandChunks, readCanvas } from "./canvas.ts";
import { type Caller, composeCall, type Sending } from "./compose.ts";
import {
  type Additions,
  clone,
  Draft,
  draftGroup,
  type DraftOptions,
  linkDraft,
  listOf,
  merged,
  type OptionValue,
  sizeOf,
  toDraft,
  toTree,
  withoutKept,
} from "./draft.ts";
import { freeze, freezeGroup, prepareSteps } from "./freeze.ts";
import type { Mint } from "./mint.ts";
import { ResultNode, toResultTuple } from "./result-node.ts";
import { type Spending, spendingOf } from "./spending.ts";
import { Scales } from "./weight.ts";

/** Something to do for a canvas to start, in the order given. */
export type CanvasStep =
  | ({ readonly do: "send" } & Sending)
  /** The members of a chord's header are about to be sent: Celery's `backend.apply_chord`. */
  | { readonly do: "apply-chord"; readonly chord: AppliedChord }
  /**
   * Only the last member of the header is still to be sent: this many results complete it. `isNested` is set where the
   * members are not the header but a group at the end of one of its chains: they were counted when the header was sent.
   * Celery sets the size of the chord anew all the same, and the chord then ends with results missing: leave it as it is.
   */
  | { readonly do: "set-chord-size"; readonly groupId: string; readonly size: number; readonly isNested: boolean };

/** A chord whose header is about to be sent. */
export interface AppliedChord {
  readonly groupId: string;
  /** The results of the header, a group's members nested where a member is one. */
  readonly header: ResultTuple;
  /** Called with the list of results. */
  readonly body: Signature;
  /** Options for backends that look whether the header is ready: seconds between two looks, and how many there are. */
  readonly interval: Tree;
  readonly maxRetries: Tree;
  /** Seconds before the first look. Default 1. */
  readonly countdown: Tree;
}

/** What is to be done for a call, and what comes of it. */
export interface Unfolded {
  readonly steps: readonly CanvasStep[];
  /** Where the result will be; null where nothing is sent at all: an empty chain. */
  readonly result: ResultTuple | null;
  /** Result tuples by which a running task names what it sent: its `children`. */
  readonly children: readonly Tree[];
}

/** What a canvas is called with. */
export interface Unfolding {
  /** Before its own arguments. */
  readonly args?: readonly Tree[];
  readonly kwargs?: Readonly<Record<string, Tree>>;
  /** Call options by Celery's names. */
  readonly options?: Readonly<Record<string, Tree>>;
  /** The task that runs; null, the default, is none: a client. */
  readonly caller?: Caller | null;
  /** What is caused together with other calls. Default: the call has the whole budget of the mint. */
  readonly spending?: Spending;
}

/**
 * The messages to send now for a canvas, in Celery's order: all members of a group, the header of a chord, the first step
 * of a chain with the others inside it. Source: celery/canvas.py, `apply_async` of each kind.
 *
 * @throws ProtocolError `message-invalid` for a canvas that does not hold what it should, `option-invalid` for an empty
 * chain inside another canvas and for a chord without a body, `time-invalid` for an eta or expires that is no time,
 * `too-many` and `too-large` for what passes the budget, before it is made.
 */
export function unfold(signature: Signature, mint: Mint, how: Unfolding = {}): Unfolded {
  const { args = [], kwargs = {}, options = {}, caller = null, spending = spendingOf(mint) } = how;
  const canvas = readCanvas(signature);
  // Before so many are read.
  if (canvas.kind === "group") spending.expect(canvas.tasks.length);
  const sender = new CanvasSender(mint, caller, spending);
  const draft = toDraft(canvas.kind === "chunks" ? expandChunks(signature, mint.budget) : signature, spending);
  const result = sender.apply(draft, { args, kwargs, options });
  return { steps: sender.steps, result: result && toResultTuple(result), children: sender.children };
}

/** Whether these steps need a backend that can count chords, now or further on. */
export function needsChords(steps: readonly CanvasStep[]): boolean {
  return steps.some(
    (step) => step.do === "apply-chord" || (step.do === "send" && step.task.chain?.some(isChord) === true),
  );
}

function isChord({ subtaskType }: Signature): boolean {
  return subtaskType === "chord";
}

const keptOfGroup: ReadonlySet<string> = new Set(["group_id", "stamped_headers"]);
const keptOfMember: ReadonlySet<string> = new Set(["group_id"]);
const nothingKept: ReadonlySet<string> = new Set();

class CanvasSender {
  readonly steps: CanvasStep[] = [];
  readonly children: Tree[] = [];
  readonly #mint: Mint;
  readonly #caller: Caller | null;
  readonly #spending: Spending;
  readonly #scales = new Scales();
  /** Bodies of chords as they stand in each member of their headers. */
  readonly #bodies = new Map<Draft, Tree>();

  constructor(mint: Mint, caller: Caller | null, spending: Spending) {
    this.#mint = mint;
    this.#caller = caller;
    this.#spending = spending;
  }

  apply(draft: Draft, additions: Additions): ResultNode | null {
    switch (draft.kind) {
      case "task":
        return this.#send(draft, additions);
      case "chain":
        return this.#applyChain(draft, additions);
      case "group":
        return this.#applyGroup(draft, additions);
      case "chord":
        return this.#applyChord(draft, additions);
    }
  }

  #send(draft: Draft, { args = [], kwargs = {}, options = {} }: Additions): ResultNode {
    const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
    const call = merged(draft, { args, kwargs, options: said });
    const { chord } = call.options;
    if (chord instanceof Draft) call.options["chord"] = this.#written(chord);
    const { link, link_error, chain } = call.options;
    this.#spending.signatures(listOf(link).length + listOf(link_error).length + listOf(chain).length);
    this.#spending.message(this.#weigh(call));
    const sending = composeCall({ task: draft.task, ...call }, this.#mint, this.#caller);
    this.steps.push({ do: "send", ...sending });
    return this.#sent(new ResultNode(sending.task.id), call.options);
  }

  /** Lists and options of a call are its own; what stands in them is weighed once for all calls. */
  #weigh({ args, kwargs, options }: Pick<Draft, "args" | "kwargs" | "options">): number {
    return this.#scales.all(args) + this.#scales.members(kwargs) + this.#scales.members(options);
  }

  /** The body of a chord does not change any more once members of its header are sent. */
  #written(body: Draft): Tree {
    const known = this.#bodies.get(body);
    if (known !== undefined) return known;
    this.#spending.writable(new Scales().weigh(body));
    const written = toTree(body);
    this.#bodies.set(body, written);
    return written;
  }

  /** What is sent within a group is named by the group. */
  #sent(result: ResultNode, options: Readonly<DraftOptions>): ResultNode {
    if (options["add_to_parent"] !== false) this.children.push(encodeResultTuple(toResultTuple(result)));
    return result;
  }

  #applyChain(draft: Draft, { args = [], kwargs = {}, options = {} }: Additions): ResultNode | null {
    const {
      task_id,
      group_id,
      group_index,
      chord,
      root_id,
      parent_id: _,
      link,
      link_error,
      ...rest
    } = {
      ...draft.options,
      ...options,
    };
    const { tasks, results } = prepareSteps(
      draft,
      {
        clones: true,
        args: draft.immutable ? [] : args,
        kwargs,
        id: asText(task_id),
        groupId: asText(group_id),
        groupIndex: asNumber(group_index),
        chord: chord ?? null,
        rootId: asText(root_id),
        errbacks: listOf(link_error),
      },
      this.#mint,
    );
    for (const callback of listOf(link)) if (tasks[0] !== undefined) linkDraft(tasks[0], callback);
    const first = tasks.pop();
    if (first === undefined) return null;
    this.#spending.writable(new Scales().all(tasks));
    const steps = tasks.map((task) => toTree(task));
    const sent = this.apply(first, { options: { ...rest, chain: [...listOf(rest["chain"]), ...steps] } });
    return tasks.length === 0 ? sent : (results[0] ?? null);
  }

  #applyGroup(draft: Draft, { args = [], kwargs = {}, options: given = {} }: Additions, isHeader = false): ResultNode {
    if (draft.tasks.length === 0) return freezeGroup(draft, {}, this.#mint);
    const {
      task_id,
      add_to_parent: _parent,
      ...options
    } = { ...draft.options, ...withoutKept(draft.options, given, keptOfGroup) };
    const groupId = asText(task_id) ?? this.#mint.id();
    this.#spending.expect(draft.tasks.length);
    const members = this.#members(draft.tasks, groupId, asText(options["root_id"]));
    const { chord: around = null, group_index: _, ...said }: DraftOptions = { ...options, group_id: groupId };
    let size = 0;
    for (const [index, { task }] of members.entries()) {
      const chord = around ?? task.options["chord"] ?? null;
      size += sizeOf(task);
      if (chord !== null && index === members.length - 1)
        this.steps.push({ do: "set-chord-size", groupId, size, isNested: !isHeader });
      this.apply(task, { args, kwargs, options: { add_to_parent: false, chord, ...said } });
    }
    const results = members.map(({ result }) => result);
    return this.#sent(unwrapped(new ResultNode(groupId, results)), given);
  }

  /** Members of groups inside are members of this one, with their places in their own. */
  #members(tasks: readonly Draft[], groupId: string, rootId: string | null): readonly Member[] {
    return tasks.flatMap((each, groupIndex) => {
      const task = clone(each);
      if (task.kind === "group") return this.#members(task.tasks, groupId, rootId);
      return [{ task, result: freeze(task, { groupId, rootId, groupIndex }, this.#mint) }];
    });
  }

  #applyChord(draft: Draft, { args = [], kwargs = {}, options = {} }: Additions): ResultNode {
    const { task_id, ...given } = options;
    const { body: otherBody = null, ...ofHeader } = kwargs;
    const body = clone(otherBody === null ? bodyOf(draft) : toDraft(decodeSignature(otherBody), draft.spending), {
      options: given,
    });
    const { task_id: own, ...said } = draft.options;
    const header = Array.isArray(draft.header)
      ? draftGroup(draft.header, draft.spending, { task_id: own ?? this.#mint.id() })
      : clone(draft.header);
    const { interval, countdown, max_retries, ...passed } = { ...said, ...given };
    const toBody: DraftOptions = { ...said, ...passed };
    const rootId = asText(body.options["root_id"]);
    // Celery puts the group that is called here over that of the header which the body reports to: the chord then hangs.
    const isMember = (toBody["chord"] ?? body.options["chord"] ?? null) !== null;
    Object.assign(body.options, withoutKept(body.options, toBody, isMember ? keptOfMember : nothingKept));
    const waiting = { interval, countdown, maxRetries: max_retries };
    const id = asText(task_id) ?? asText(own);
    return this.#applyHeader(
      header,
      body,
      { id, rootId, waiting },
      {
        args: draft.immutable ? draft.args : [...args, ...draft.args],
        kwargs: { ...draft.kwargs, ...ofHeader },
        options: toBody,
      },
    );
  }

  /** The rest of the chain and the chord around are the body's; the members of the header answer to the body. */
  #applyHeader(header: Draft, body: Draft, { id, rootId, waiting }: Awaiting, additions: Additions): ResultNode {
    const groupId = asText(header.options["task_id"]) ?? this.#mint.id();
    const result = freeze(body, { id: id ?? this.#mint.id(), groupId, rootId }, this.#mint);
    const headerResult = freezeGroup(header, { groupId, rootId, chord: body }, this.#mint);
    if (header.tasks.length === 0) {
      this.apply(body, { args: [[]] });
      result.parent = headerResult;
      return result;
    }
    const written = decodeSignature(this.#written(body));
    this.steps.push({ do: "apply-chord", chord: appliedChord(groupId, headerResult, written, waiting) });
    const { chain: _chain, chord: _chord, link: _link, link_error: _errbacks, ...options } = additions.options ?? {};
    result.parent = this.#applyGroup(header, { ...additions, options: { ...options, task_id: groupId } }, true);
    return result;
  }
}

interface Member {
  readonly task: Draft;
  readonly result: ResultNode;
}

/** How a body is to be waited for: the id of its result, and for backends that look, how often. */
interface Awaiting {
  readonly id: string | null;
  /** As it was before the options of the chord came to it. */
  readonly rootId: string | null;
  readonly waiting: Readonly<Record<"interval" | "countdown" | "maxRetries", OptionValue | undefined>>;
}

function appliedChord(
  groupId: string,
  header: ResultNode,
  body: Signature,
  waiting: Awaiting["waiting"],
): AppliedChord {
  const { interval = null, countdown = 1, maxRetries = null } = waiting;
  return {
    groupId,
    header: toResultTuple(header),
    body,
    interval: toTree(interval),
    countdown: toTree(countdown),
    maxRetries: toTree(maxRetries),
  };
}

function bodyOf({ body }: Draft): Draft {
  if (body !== null) return body;
  throw new ProtocolError("option-invalid", "local", "A chord is called without a body. Give one.");
}

/** A group of one whose member's result is a group is that group. */
function unwrapped(group: ResultNode): ResultNode {
  const [only] = group.members ?? [];
  return group.members?.length === 1 && only !== undefined && only.members !== null ? only : group;
}
