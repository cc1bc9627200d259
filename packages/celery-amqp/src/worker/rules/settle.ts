import {
  ProtocolError,
  type ResultMeta,
  type WireSignature,
  type TaskMessage,
  type Tree,
} from "@leveret/celery-protocol";
import { chordPart } from "@leveret/celery-protocol/canvas";
import { boundedFailure, longestFailureText, shortened } from "./bounds.ts";
import { endChord } from "./chord.ts";
import type { Effect } from "./effect.ts";
import type { DeadLetterReason } from "./event.ts";
import {
  describeFailure,
  describeForLog,
  ignored,
  maxRetriesExceeded,
  rejected,
  taskRevoked,
  timeLimitExceeded,
  unreplaceable,
  unwritable,
  workerLost,
  type Failure,
} from "./failure.ts";
import { type FollowUpEffects, followFailure, followReplaced, followSuccess, tellAround } from "./follow-up.ts";
import type { Outcome } from "./outcome.ts";
import { keepsFailure, keepsResult, type Request } from "./request.ts";
import { failureMeta, resultTuple, retryMeta, revokedMeta, successMeta } from "./result.ts";
import { mayRunAgain, nextRun, type NextRun, waitOf } from "./retry.ts";
import type { RuleContext } from "./context.ts";

/**
 * Effects of the end of a run: messages that follow, the stored state, the settling of the delivery, the event, in this order.
 * Source: celery/worker/request.py, celery/app/trace.py of Celery 5.7.0.
 *
 * | outcome | sent | stored | late ack | event |
 * | --- | --- | --- | --- | --- |
 * | succeeded | callbacks, next step of the chain | SUCCESS | ack | taskSucceeded |
 * | replaced | its replacement | | ack | taskIgnored |
 * | failed | errbacks, after storing | FAILURE, also for the rest of the chain | `acksOnFailure` ? ack : reject | taskRejected if it was, taskFailed |
 * | failed, retried automatically | the next run, after storing and the event | RETRY | ack | taskRetried |
 * | invalid, refused | as failed | as failed | dead letter | taskFailed |
 * | retry | the next run, after storing and the event | RETRY | ack | taskRetried |
 * | retry, none left | as failed | as failed | as failed | taskFailed |
 * | snoozed | the next run, not counted, after storing and the event | RETRY | ack | taskRetried |
 * | ignored | | | ack | taskIgnored |
 * | rejected | errbacks, after storing | FAILURE Reject, also for the rest of the chain | reject | taskFailed, taskRejected |
 * | rejected, requeue | | | requeue | taskRejected |
 * | timed-out | as failed | FAILURE TimeLimitExceeded | `acksOnTimeout` ? ack : requeue | taskFailed or taskRejected |
 * | terminated | | REVOKED | ack | taskRevoked |
 * | worker-lost | as failed | FAILURE WorkerLostError | as failed | taskFailed |
 * | worker-lost, `rejectOnWorkerLost` | | | requeue | taskRejected |
 * | interrupted | | | requeue | taskCancelled |
 *
 * Where a state ends the task, its part in a chord is brought once the state is stored; a task that is ignored brings a
 * failure, where the context wants that.
 *
 * With early acks the message was acked when the run began, and nothing is left to settle: an interrupted run is then as
 * lost as a run whose process died, and emits taskCancelled, taskFailed.
 */
export function settle(request: Request, outcome: Outcome, context: RuleContext): readonly Effect[] {
  switch (outcome.kind) {
    case "succeeded":
      return succeed(request, outcome, context);
    case "failed":
      return failOrRetry(request, { ...outcome, failure: boundedFailure(outcome.failure) }, context);
    case "invalid":
      return failForGood(request, boundedFailure(outcome.failure), "arguments-invalid", context);
    case "refused":
      return failForGood(request, boundedFailure(outcome.failure), "settle-refused", context);
    case "retry":
      return retry(request, { ...outcome, cause: outcome.cause && boundedFailure(outcome.cause) }, context);
    case "snoozed":
      return again(request, { ...outcome, cause: null, counted: false }, context);
    case "ignored":
      return [...withoutResult(request, context), ...ignore(request)];
    case "chord-ended":
      return endUnlocking(request, outcome, context);
    case "replaced":
      return replace(request, outcome.by, outcome.children, context);
    case "rejected":
      return outcome.requeue
        ? returnToQueue(request, true)
        : rejectForGood(request, boundedFailure(rejected(outcome.reason ?? null)), outcome.children, context);
    case "timed-out":
      return timeOut(request, outcome.limitMs, outcome.children, context);
    case "terminated":
      return revoke(request, "terminated", context);
    case "worker-lost":
      return request.policy.rejectOnWorkerLost && request.policy.acks === "late"
        ? returnToQueue(request, true)
        : fail(request, workerLost(outcome.reason), outcome.children, context);
    case "interrupted":
      return interrupt(request, outcome.children, context);
  }
}

/**
 * Effects of dropping a task that was revoked, expired or terminated. The task reports to its chord; the steps after it stay
 * pending and their chords waiting, as in Celery.
 */
export function revoke(
  request: Request,
  reason: "expired" | "revoked" | "terminated",
  context: RuleContext,
): readonly Effect[] {
  const { task, queue } = request;
  const effects: Effect[] = [];
  const failure = taskRevoked(reason);
  const meta = revokedMeta(task.id, failure);
  if (keepsFailure(request)) effects.push({ do: "store", meta, task, required: false });
  effects.push(...partOf(task, meta));
  if (context.failUnfinishableChords)
    effects.push(...tellAround({ ...task, chord: null }, failure, keepsFailure(request), context));
  if (reason !== "terminated" || request.policy.acks === "late") effects.push({ do: "ack" });
  effects.push({ do: "emit", event: { type: "taskRevoked", task, queue, reason } });
  return effects;
}

function failOrRetry(
  request: Request,
  outcome: Extract<Outcome, { readonly kind: "failed" }>,
  context: RuleContext,
): readonly Effect[] {
  return outcome.retryable && request.policy.retry.automatic && mayRunAgain(request)
    ? again(request, { ...outcome, cause: outcome.failure, delayMs: null, counted: true }, context)
    : fail(request, outcome.failure, outcome.children, context);
}

function retry(
  request: Request,
  outcome: Extract<Outcome, { readonly kind: "retry" }>,
  context: RuleContext,
): readonly Effect[] {
  const traceback = outcome.traceback === null ? null : shortened(outcome.traceback, longestFailureText);
  if (mayRunAgain(request, outcome.changes?.attempts))
    return again(request, { ...outcome, traceback, counted: true }, context);
  const refused = nextRun(request, { ...outcome, delayMs: 0, counted: true }, context).task;
  return fail(request, outcome.cause ?? maxRetriesExceeded(refused, traceback), outcome.children, context);
}

type Success = Extract<Outcome, { readonly kind: "succeeded" }>;

function succeed(request: Request, outcome: Success, context: RuleContext): readonly Effect[] {
  const { task, queue } = request;
  const { result, runtimeMs, children: sent } = outcome;
  const followUp = followUpOrError(task, result, context);
  if (followUp instanceof Error) return fail(request, unwritable(followUp), sent, context);
  const effects: Effect[] = [...followUp.effects];
  const isKept = keepsResult(request);
  if (isKept || task.chord !== null) {
    const meta = successMeta(task.id, result, joinedChildren(sent, followUp));
    if (isKept) effects.push({ do: "store", meta, task, required: true });
    effects.push(...partOf(task, meta));
  }
  if (request.policy.acks === "late") effects.push({ do: "ack" });
  effects.push({ do: "emit", event: { type: "taskSucceeded", task, queue, result, runtimeMs } });
  return effects;
}

/** A signature that cannot be called fails the task that carries it, as in Celery. */
function followUpOrError(task: TaskMessage, result: Tree, context: RuleContext): FollowUpEffects | Error {
  try {
    return followSuccess(task, result, context);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function joinedChildren(sent: readonly Tree[], followUp: FollowUpEffects): readonly Tree[] {
  return followUp.children.length === 0 ? sent : [...sent, ...followUp.children];
}

/** Celery sends events of the reject and of the failure. */
function fail(request: Request, failure: Failure, sent: readonly Tree[], context: RuleContext): readonly Effect[] {
  const settling = request.policy.acksOnFailure ? late(request, { do: "ack" }) : returnToQueue(request, false);
  return [...tellFailure(request, failure, sent, context), ...settling, failed(request, failure)];
}

/** The next run would end the same: the message goes to the dead queue, where an operator can inspect it. */
function failForGood(
  request: Request,
  failure: Failure,
  reason: DeadLetterReason,
  context: RuleContext,
): readonly Effect[] {
  const told = tellFailure(request, failure, [], context);
  if (request.policy.acks === "early") return [...told, failed(request, failure)];
  return [...told, ...putAside(request, failure, reason, context), failed(request, failure)];
}

function putAside(
  request: Request,
  failure: Failure,
  reason: DeadLetterReason,
  context: RuleContext,
): readonly Effect[] {
  if (!context.deadLetter) return [{ do: "ack" }];
  const { task, queue } = request;
  const [inHeader, error] = [describeFailure(failure), describeForLog(failure)];
  return [
    { do: "dead-letter", reason, error: inHeader, traceback: failure.traceback, attempts: task.retries + 1 },
    { do: "emit", event: { type: "deadLettered", id: task.id, name: task.task, queue, reason, error } },
  ];
}

function ignore(request: Request): readonly Effect[] {
  const { task, queue } = request;
  return [...late(request, { do: "ack" }), { do: "emit", event: { type: "taskIgnored", task, queue } }];
}

/** The unlocking itself succeeds, also where the chord failed. */
function endUnlocking(
  request: Request,
  { body, end, ...run }: Extract<Outcome, { readonly kind: "chord-ended" }>,
  context: RuleContext,
): readonly Effect[] {
  return [
    ...endChord(body, end, request.task, context),
    ...succeed(request, { ...run, kind: "succeeded", result: null }, context),
  ];
}

/** The task ends without a state of its own: its replacement has its id. */
function replace(request: Request, by: WireSignature, sent: readonly Tree[], context: RuleContext): readonly Effect[] {
  try {
    return [...followReplaced(request.task, by, context), ...ignore(request)];
  } catch (error) {
    const failure = error instanceof ProtocolError && error.code === "option-invalid" ? unreplaceable : unwritable;
    return fail(request, failure(error instanceof Error ? error : new Error(String(error))), sent, context);
  }
}

function timeOut(request: Request, limitMs: number, sent: readonly Tree[], context: RuleContext): readonly Effect[] {
  const failure = timeLimitExceeded(limitMs / 1000);
  const told = tellFailure(request, failure, sent, context);
  if (request.policy.acks === "late" && !request.policy.acksOnTimeout)
    return [...told, ...returnToQueue(request, true)];
  return [...told, ...late(request, { do: "ack" }), failed(request, failure)];
}

/** FAILURE for the task, then for the steps of its chain that will now never run, then its errbacks. */
function tellFailure(
  request: Request,
  failure: Failure,
  sent: readonly Tree[],
  context: RuleContext,
): readonly Effect[] {
  const { task } = request;
  const stores = keepsFailure(request);
  const meta = failureMeta(task.id, failure, sent);
  return [
    ...(stores ? [{ do: "store", meta, task, required: false } as const] : []),
    ...tellAround(task, failure, stores, context),
    ...followFailure(task, task, failure, context),
  ];
}

/** A chord with a member that ends without a result would wait forever, as in Celery: the member fails it. */
function withoutResult({ task }: Request, context: RuleContext): readonly Effect[] {
  return context.failUnfinishableChords ? tellAround(task, ignored(), false, context) : [];
}

/** The message never runs again, so the failure is stored; monitors get the failure, then the reject. */
function rejectForGood(
  request: Request,
  failure: Failure,
  sent: readonly Tree[],
  context: RuleContext,
): readonly Effect[] {
  return [...tellFailure(request, failure, sent, context), failed(request, failure), ...returnToQueue(request, false)];
}

/** The report of an ended task to its chord, where it belongs to one. */
function partOf(task: TaskMessage, meta: ResultMeta): readonly Effect[] {
  const part = chordPart(task);
  return part === null ? [] : [{ do: "chord-part", part, meta, task }];
}

interface Again extends Omit<NextRun, "delayMs"> {
  readonly delayMs: number | null;
  readonly cause: Failure | null;
  readonly traceback?: string | null;
  readonly children: readonly Tree[];
}

/**
 * RETRY is stored and its event sent before the next run is sent, which another worker may end at once. The task is its own
 * child, since it sent itself.
 */
function again(request: Request, run: Again, context: RuleContext): readonly Effect[] {
  const { task, queue } = request;
  const { cause, counted, changes } = run;
  const delayMs = waitOf(request, run, context);
  const next = nextRun(request, { delayMs, counted, changes }, context);
  const traceback = cause?.traceback ?? run.traceback ?? null;
  const effects: Effect[] = [];
  if (keepsResult(request)) {
    const children = [...run.children, resultTuple(task.id)];
    effects.push({ do: "store", meta: retryMeta(task.id, cause, traceback, children), task, required: false });
  }
  const event = { type: "taskRetried", task, queue, failure: cause, traceback, delayMs, counted } as const;
  effects.push({ do: "emit", event }, { do: "send", ...next, required: true });
  effects.push(...late(request, { do: "ack" }));
  return effects;
}

/** Celery sends only the cancellation; here a final state follows, which Celery leaves at RETRY. */
function interrupt(request: Request, sent: readonly Tree[], context: RuleContext): readonly Effect[] {
  const { task, queue, policy } = request;
  const requeue = policy.acks === "late";
  const cancelled = { do: "emit", event: { type: "taskCancelled", task, queue, requeue } } as const;
  if (requeue) return [{ do: "reject", requeue }, cancelled];
  return [cancelled, ...fail(request, workerLost("The worker was stopped before the task ended"), sent, context)];
}

/** With early acks there is no message to requeue, and Celery then sends no event. */
function returnToQueue(request: Request, requeue: boolean): readonly Effect[] {
  if (request.policy.acks === "early") return [];
  const { task, queue } = request;
  return [
    { do: "reject", requeue },
    { do: "emit", event: { type: "taskRejected", task, queue, requeue } },
  ];
}

function late(request: Request, settling: Effect): readonly Effect[] {
  return request.policy.acks === "late" ? [settling] : [];
}

function failed(request: Request, failure: Failure): Effect {
  return { do: "emit", event: { type: "taskFailed", task: request.task, queue: request.queue, failure } };
}
