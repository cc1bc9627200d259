import { ProtocolError, type WireSignature, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import {
  afterChord,
  afterFailure,
  afterSuccess,
  type CanvasStep,
  chordPart,
  type FailedTask,
  type Mint,
  needsChords,
  type Reach,
  replacement,
  type Unreached,
  unreached,
} from "@leveret/celery-protocol/canvas";
import type { Effect } from "./effect.ts";
import type { Failure } from "./failure.ts";
import { failureMeta } from "./result.ts";
import type { RuleContext } from "./context.ts";

/** What follows from a task, and how its result names that as its children. */
export interface FollowUpEffects {
  readonly effects: readonly Effect[];
  readonly children: readonly Tree[];
}

const nothing: FollowUpEffects = { effects: [], children: [] };

/**
 * After success: first the callbacks, then the next step of the chain, each with the result. A follow-up
 * without a reply queue replies to that of its parent. Source: celery/app/trace.py `trace_task`.
 *
 * @throws ProtocolError for a signature that cannot be called from here; the task then fails.
 */
export function followSuccess(task: TaskMessage, result: Tree, context: RuleContext): FollowUpEffects {
  if (task.callbacks.length === 0 && (task.chain === null || task.chain.length === 0)) return nothing;
  const { inheritsPriority: inheritPriority } = context;
  const { steps, children } = afterSuccess(task, result, mintOf(task, context), { inheritPriority });
  return { effects: effectsOf(steps, task, context), children };
}

/**
 * The replacement of a task.
 *
 * @throws ProtocolError as `followSuccess`.
 */
export function followReplaced(task: TaskMessage, by: WireSignature, context: RuleContext): readonly Effect[] {
  const mint = mintOf(task, context);
  const { steps } = replacement(task, by, mint, { inheritPriority: context.inheritsPriority });
  return effectsOf(steps, task, context);
}

/**
 * Fails the tasks that a failed task keeps from being called: the chord it belongs to, then the rest of its chain, the
 * furthest step first, each with the chord it belongs to. Celery fails fewer of them and leaves the others waiting, as here
 * without `failUnfinishableChords`. Source: celery/backends/base.py `mark_as_failure`.
 *
 * @param stores - whether failures are stored
 */
export function tellAround(
  task: TaskMessage,
  failure: Failure,
  stores: boolean,
  context: RuleContext,
): readonly Effect[] {
  return [
    ...tellChord(task, failure),
    ...neverCalled(task, reachOf(context)).flatMap((call) => tellUnreached(call, task, failure, stores)),
  ];
}

/** How far the tasks that a failure keeps from being called are searched. */
export function reachOf({ failUnfinishableChords }: Pick<RuleContext, "failUnfinishableChords">): Reach {
  return failUnfinishableChords ? "all" : "celery";
}

/** The part that a failed task has in a chord. */
function tellChord(task: TaskMessage, failure: Failure): readonly Effect[] {
  const part = chordPart(task);
  return part === null ? [] : [{ do: "chord-part", part, meta: failureMeta(task.id, failure, []), task }];
}

/** A chain that does not hold what it should must not hide the failure it is about. */
function neverCalled(task: TaskMessage, reach: Reach): readonly Unreached[] {
  if (task.chain === null || task.chain.length === 0) return [];
  try {
    return unreached(task, reach);
  } catch {
    return [];
  }
}

/** The failure of a call that is never made. Only one that has an id already can be waited for. */
export function tellUnreached(
  { taskId, replyTo, part }: Unreached,
  last: TaskMessage,
  failure: Failure,
  stores: boolean,
  children: readonly Tree[] = [],
): readonly Effect[] {
  if (taskId === null) return [];
  const meta = failureMeta(taskId, failure, children);
  const task = { ...last, id: taskId, replyTo: replyTo ?? last.replyTo, correlationId: taskId, chain: null };
  return [
    ...(stores ? [{ do: "store", meta, task, required: false } as const] : []),
    ...(part === null ? [] : [{ do: "chord-part", part, meta, task } as const]),
  ];
}

/**
 * After a failure: errbacks that take the error are called in this process, the others are sent as a group, each called with
 * the id of the failed task. An errback that cannot be called must not hide the failure.
 * Source: celery/backends/base.py `_call_task_errbacks`.
 *
 * @param task - the failed one, or one that stands for it
 */
export function followFailure(
  failed: FailedTask,
  task: TaskMessage,
  failure: Failure,
  context: RuleContext,
): readonly Effect[] {
  if (failed.errbacks.length === 0) return [];
  const called = failed.errbacks
    .filter(context.callsErrback)
    .map((errback): Effect => ({ do: "call-errback", errback, task, failure }));
  try {
    const { steps } = afterFailure(failed, mintOf(task, context), context.callsErrback);
    return [...called, ...effectsOf(steps, task, context, false)];
  } catch {
    return called;
  }
}

/** Calls that follow one another may be many without a canvas among them. */
const manyCalls = 100;
const anyId = "00000000-0000-0000-0000-000000000000";

/**
 * Refuses a message whose canvas passes the budget, before its task runs: what would follow is unfolded once without a
 * result, and dropped. A task that is followed by plain calls alone is not checked.
 */
export function overBudget(task: TaskMessage, context: RuleContext): ProtocolError | null {
  const { callbacks, errbacks, chain, chord } = task;
  if (callbacks.length === 0 && errbacks.length === 0 && chain === null && chord === null) return null;
  const next = chain?.at(-1);
  const followers = [
    ...callbacks,
    ...errbacks,
    ...(next === undefined ? [] : [next]),
    ...(chord === null ? [] : [chord]),
  ];
  if (followers.length < manyCalls && !followers.some(isComposed)) return null;
  const mint = { ...mintOf(task, context), id: () => anyId };
  return (
    refusalOf(() => afterSuccess(task, null, mint)) ??
    refusalOf(() => afterFailure(task, mint, context.callsErrback)) ??
    (chord === null ? null : refusalOf(() => afterChord(chord, [], task, mint)))
  );
}

function isComposed({ subtaskType, task }: WireSignature): boolean {
  return subtaskType !== null || task === "celery.chunks";
}

/** What cannot be called for another reason fails its task in the end. */
function refusalOf(unfolding: () => unknown): ProtocolError | null {
  try {
    unfolding();
    return null;
  } catch (error) {
    const isOver = error instanceof ProtocolError && (error.code === "too-many" || error.code === "too-large");
    return isOver ? error : null;
  }
}

/** The context of what follows from a task. */
export function mintOf({ replyTo }: TaskMessage, context: RuleContext): Mint {
  const { uuid: id, now, nodeName: origin, budget, routeOf } = context;
  return { id, now, origin, replyTo, budget, routeOf };
}

/**
 * Steps as effects.
 *
 * @throws ProtocolError where a chord is among them, now or further on, and no counter of chords.
 */
export function effectsOf(
  steps: readonly CanvasStep[],
  task: TaskMessage,
  context: RuleContext,
  required = true,
): readonly Effect[] {
  if (!context.countsChords && needsChords(steps)) {
    throw new ProtocolError(
      "message-invalid",
      "remote",
      `Task ${task.task}[${task.id}] is followed by a chord, which needs a result backend that can count: none is configured`,
    );
  }
  return steps.flatMap((step): readonly Effect[] => {
    switch (step.do) {
      case "send":
        return [{ ...step, required }];
      case "apply-chord":
        return [{ ...step, task, required }];
      case "set-chord-size":
        return [{ ...step, task, required }];
    }
  });
}
