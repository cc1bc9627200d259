import { createHash } from "node:crypto";
import { decodeSignature, encodeSignature } from "../../src/task/signature-codec.ts";
import { afterChord, afterFailure, afterSuccess } from "../../src/canvas/follow-up.ts";
import type { Mint } from "../../src/canvas/mint.ts";
import { joinChord, replacement } from "../../src/canvas/replace.ts";
import { type CanvasStep, unfold } from "../../src/canvas/unfold.ts";
import {
  afterChordFailure,
  chordPart,
  type ChordPart,
  type FailedTask,
  type Reach,
  unreached,
} from "../../src/canvas/unreached.ts";
import type { Tree } from "../../src/content/tree.ts";
import { encodeResultTuple, type ResultTuple } from "../../src/result/tuple.ts";
import type { TaskMessage } from "../../src/task/message.ts";
import type { WireSignature } from "../../src/task/signature.ts";

const MESSAGES_AT_MOST = 400;

/** One line of what a run did; the first item says what. */
export type Line = readonly [string, ...Tree[]];

type State = { readonly status: "SUCCESS"; readonly value: Tree } | { readonly status: "FAILURE" };

/** What a task returns. */
export type Evaluate = (task: Pick<TaskMessage, "task" | "args" | "kwargs">) => Tree;

/** A part of a chord with its place in it. */
interface Part {
  readonly index: number;
  readonly state: State;
}

/**
 * Runs canvases in memory as a fleet of one worker with Celery's chords on Redis would: a queue served in order, results,
 * counters. It knows what the rules under test do not: how a backend counts and what tasks return.
 */
export class CanvasRun {
  readonly lines: Line[] = [];
  /** Every message, in order. */
  readonly sent: TaskMessage[] = [];
  readonly results = new Map<string, State>();
  readonly #queue: TaskMessage[] = [];
  readonly #sizes = new Map<string, number>();
  readonly #parts = new Map<string, Map<string, Part>>();
  readonly #nested = new Map<string, ResultTuple>();
  readonly #mint: Mint;
  readonly #reach: Reach;
  readonly #evaluate: Evaluate;

  /** @param reach - with `celery` it does what Celery does, with `all` what brings every canvas to its end. */
  constructor(reach: Reach = "celery", evaluate: Evaluate = valueOf) {
    let count = 0;
    this.#mint = { id: () => `id-${(count += 1)}`, now: 0, origin: "here", replyTo: "reply" };
    this.#reach = reach;
    this.#evaluate = evaluate;
  }

  /** Sends a canvas and says where its result will be. */
  start(signature: WireSignature): ResultTuple | null {
    const { steps, result } = unfold(signature, this.#mint);
    this.#perform(steps);
    this.lines.push(["result", result && encodeResultTuple(result)]);
    return result;
  }

  /** Works until nothing is left to do. */
  finish(): void {
    for (let count = 0; count < MESSAGES_AT_MOST; count += 1) {
      const task = this.#queue.shift();
      if (task === undefined) return;
      this.lines.push(["run", task.id]);
      this.#work(task);
    }
  }

  /** The value of a result: a list for a group; undefined where it is not there, null where it failed. */
  valueOf({ id, members }: ResultTuple): Tree | undefined {
    if (members === null) {
      const state = this.results.get(id);
      return state === undefined ? undefined : state.status === "SUCCESS" ? state.value : null;
    }
    const values = members.map((member) => this.valueOf(member));
    return values.includes(undefined) ? undefined : values.includes(null) ? null : (values as Tree[]);
  }

  #perform(steps: readonly CanvasStep[]): void {
    for (const step of steps) this.#do(step);
  }

  #do(step: CanvasStep): void {
    if (step.do === "send") {
      this.lines.push(["send", described(step.task)]);
      this.sent.push(step.task);
      this.#queue.push(step.task);
    } else if (step.do === "set-chord-size") {
      this.lines.push([step.do, step.groupId, step.size]);
      this.#sizes.set(step.groupId, step.size + (this.#sizes.get(`${step.groupId}.t`) ?? 0));
    } else {
      const { groupId, header, body, interval, maxRetries } = step.chord;
      const members = (header.members ?? []).map(encodeResultTuple);
      const waiting = { interval, max_retries: maxRetries };
      this.lines.push([step.do, groupId, members, encodeSignature(body), waiting]);
      if (header.members?.some((member) => member.members !== null)) this.#nested.set(groupId, header);
    }
  }

  #work(task: TaskMessage): void {
    const { by } = task.kwargs;
    if (task.task === "swap" && by !== undefined) {
      return this.#perform(replacement(task, decodeSignature(by), this.#mint).steps);
    }
    if (task.task === "fail") return this.#fail(task);
    const children: Tree[] = [];
    if (task.task === "more" && by !== undefined) {
      if (task.chord === null) return this.#fail(task);
      const added = joinChord(task, decodeSignature(by), this.#mint);
      this.lines.push(["add-to-chord", added.groupId]);
      this.#sizes.set(added.groupId, (this.#sizes.get(added.groupId) ?? 0) + 1);
      this.#perform(added.steps);
      children.push(...added.children);
    }
    this.#succeed(task, this.#evaluate(task), children);
  }

  #succeed(task: TaskMessage, value: Tree, sent: readonly Tree[]): void {
    const followUp = afterSuccess(task, value, this.#mint);
    this.#perform(followUp.steps);
    this.#store(task, { status: "SUCCESS", value }, [...sent, ...followUp.children]);
    this.#report(chordPart(task), { status: "SUCCESS", value }, task);
  }

  #fail(task: TaskMessage): void {
    const state: State = { status: "FAILURE" };
    this.#store(task, state);
    this.#report(chordPart(task), state, task);
    for (const step of unreached(task, this.#reach)) {
      if (step.taskId !== null && task.ignoreResult !== true) this.#store({ id: step.taskId }, state);
      this.#report(step.part, state, task);
    }
    this.#callErrbacks(task);
  }

  #callErrbacks(failed: FailedTask): void {
    const isNew = (errback: WireSignature): boolean => errback.task === "new";
    for (const errback of failed.errbacks) if (isNew(errback)) this.lines.push(["called", failed.id]);
    this.#perform(afterFailure(failed, this.#mint, isNew).steps);
  }

  #store(
    task: Pick<TaskMessage, "id"> & Partial<TaskMessage>,
    state: State,
    children: readonly Tree[] | null = null,
  ): void {
    if (task.ignoreResult === true) return;
    this.results.set(task.id, state);
    this.lines.push(["store", task.id, state.status, state.status === "SUCCESS" ? state.value : null, children]);
  }

  #report(part: ChordPart | null, state: State, last: TaskMessage): void {
    if (part === null || part.body === null) return;
    const { groupId, taskId, groupIndex, body } = part;
    const parts = this.#parts.get(groupId) ?? new Map<string, Part>();
    this.#parts.set(groupId, parts.set(`${taskId}${JSON.stringify(state)}`, { index: groupIndex ?? Infinity, state }));
    if (parts.size !== this.#sizes.get(groupId)) return;
    const nested = this.#nested.get(groupId);
    const values = nested === undefined ? joined([...parts.values()]) : (this.valueOf(nested) ?? null);
    if (values === null) return this.#failChord(body, last);
    const followUp = afterChord(body, values as readonly Tree[], last, this.#mint);
    this.#perform(followUp.steps);
    this.#parts.delete(groupId);
    this.#sizes.delete(groupId);
  }

  #failChord(body: WireSignature, last: TaskMessage): void {
    const { failed, unreached: calls } = afterChordFailure(body, this.#reach);
    for (const each of failed) this.#callErrbacks(each);
    for (const { taskId, part } of calls) {
      if (taskId !== null) this.#store({ id: taskId }, { status: "FAILURE" });
      this.#report(part, { status: "FAILURE" }, last);
    }
  }
}

function joined(parts: readonly Part[]): readonly Tree[] | null {
  const inOrder = parts.toSorted((left, right) => left.index - right.index);
  const values = inOrder.flatMap(({ state }) => (state.status === "SUCCESS" ? [state.value] : []));
  return values.length === parts.length ? values : null;
}

/** What a task returns: a short text that tells its name and arguments from any others. */
export function valueOf({ task, args, kwargs }: Pick<TaskMessage, "task" | "args" | "kwargs">): Tree {
  if (task === "celery.accumulate") {
    const index = kwargs["index"];
    return typeof index === "number" ? (args[index] ?? null) : args;
  }
  if (task === "more") return digest("more", args, {});
  return task === "old" ? digest("old", [""], {}) : digest(task, args, kwargs);
}

function digest(name: string, args: readonly Tree[], kwargs: Readonly<Record<string, Tree>>): string {
  const sorted = Object.fromEntries(Object.entries(kwargs).toSorted(([left], [right]) => (left < right ? -1 : 1)));
  return createHash("sha1")
    .update(name + JSON.stringify([args, sorted]))
    .digest("hex")
    .slice(0, 8);
}

function described(task: TaskMessage): Tree {
  return {
    task: task.task,
    id: task.id,
    group: task.group,
    group_index: task.groupIndex,
    root_id: task.rootId,
    parent_id: task.parentId,
    replaced_task_nesting: task.replacedTaskNesting,
    ignore_result: task.ignoreResult,
    shadow: task.shadow,
    timelimit: [task.timeLimit.hardSeconds, task.timeLimit.softSeconds],
    stamped_headers: [...new Set(task.stampedHeaders)].toSorted(),
    stamps: task.stamps as Tree,
    args: task.args,
    kwargs: task.kwargs,
    callbacks: nullIfNone(task.callbacks),
    errbacks: nullIfNone(task.errbacks),
    chain: task.chain && task.chain.map(encodeSignature),
    chord: task.chord && encodeSignature(task.chord),
    priority: task.priority === 0 ? null : task.priority,
  };
}

function nullIfNone(signatures: readonly WireSignature[]): Tree {
  return signatures.length === 0 ? null : signatures.map(encodeSignature);
}
