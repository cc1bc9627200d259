import { newTask, type Peek, type ProtocolError, type TaskMessage } from "@leveret/celery-protocol";
import type { WorkflowPeek } from "@leveret/celery-protocol/tasks";
import { lostRuns, type Arrival } from "./arrival.ts";
import type { Effect } from "./effect.ts";
import type { DeadLetterReason } from "./event.ts";
import {
  describeFailure,
  describeForLog,
  notRegistered,
  redeliveredTooOften,
  stackOf,
  unreadable,
  type Failure,
} from "./failure.ts";
import { followFailure, tellAround } from "./follow-up.ts";
import { failureMeta } from "./result.ts";
import type { RuleContext } from "./context.ts";

/** The fields that could be read of a message that is refused without decoding it. */
export type PeekedMessage = Peek & WorkflowPeek;

/** A message that does not decode. */
export interface Undecodable {
  readonly error: ProtocolError;
  readonly peeked: PeekedMessage;
  readonly queue: string;
}

/**
 * Effects of an unreadable message: FAILURE for a sender and a chord that can be read, then the dead queue. Celery acks some of
 * these messages, rejects others and crashes on the rest (celery/worker/consumer/consumer.py `on_unknown_message`,
 * `on_decode_error`); `deadLetter: false` rejects them all.
 */
export function refuseUndecodable({ error, peeked, queue }: Undecodable, context: RuleContext): readonly Effect[] {
  const failure = unreadable(error);
  const { id, task: name } = peeked;
  const task = glimpsed(peeked);
  const told =
    task === null
      ? []
      : [
          ...tell(task, failure),
          ...bringBlindly(peeked, task, failure, context),
          ...tellWaiting(task, failure, true, context),
        ];
  return [...told, ...putAside({ id, name, queue, reason: "undecodable", failure, attempts: 1 }, context)];
}

/** Effects of an unknown task. A worker deployed later may know the task: its message waits in the dead queue. */
export function refuseUnregistered(task: TaskMessage, queue: string, context: RuleContext): readonly Effect[] {
  const failure = notRegistered(task.task);
  const stores = task.ignoreResult !== true;
  const told = [...(stores ? tell(task, failure) : []), ...tellWaiting(task, failure, stores, context)];
  const aside = {
    id: task.id,
    name: task.task,
    queue,
    reason: "unregistered",
    failure,
    attempts: task.retries + 1,
  } as const;
  return [...told, ...putAside(aside, context), { do: "emit", event: { type: "taskFailed", task, queue, failure } }];
}

/** Effects of a message over the delivery limit, whose runs ended their workers or were requeued. */
export function refuseRedelivered(arrival: Arrival, peeked: PeekedMessage, context: RuleContext): readonly Effect[] {
  const { id, task: name } = peeked;
  const { message, queue } = arrival;
  const attempts = lostRuns(arrival);
  const failure = redeliveredTooOften(attempts);
  const stores = message.headers["ignore_result"] !== true;
  const task = glimpsed(peeked);
  const told =
    task === null
      ? []
      : [
          ...(stores ? tell(task, failure) : []),
          ...bringBlindly(peeked, task, failure, context),
          ...tellWaiting(task, failure, stores, context),
          ...followFailure(task, task, failure, context),
        ];
  return [...told, ...putAside({ id, name, queue, reason: "redelivered-too-often", failure, attempts }, context)];
}

/** A substitute for a task that was not decoded; null without an id, which a report needs. */
function glimpsed(peeked: PeekedMessage): TaskMessage | null {
  const { isChordKnown: _, id, task, rootId, ...rest } = peeked;
  return id === null ? null : newTask({ ...rest, id, task: task ?? "unknown", rootId: rootId ?? id });
}

/** Celery reports none of these, and the tasks that wait for them wait forever. */
function tellWaiting(task: TaskMessage, failure: Failure, stores: boolean, context: RuleContext): readonly Effect[] {
  return context.failUnfinishableChords ? tellAround(task, failure, stores, context) : [];
}

/** A member of a group may belong to a chord, whose counter may know the body. */
function bringBlindly(
  { isChordKnown }: PeekedMessage,
  task: TaskMessage,
  failure: Failure,
  context: RuleContext,
): readonly Effect[] {
  const { id: taskId, group: groupId, groupIndex } = task;
  if (!context.failUnfinishableChords || isChordKnown || groupId === null) return [];
  const part = { taskId, groupId, groupIndex, body: null };
  return [{ do: "chord-part", part, meta: failureMeta(taskId, failure, []), task }];
}

function tell(task: TaskMessage, failure: Failure): Effect[] {
  return [{ do: "store", meta: failureMeta(task.id, failure, []), task, required: false }];
}

interface Aside {
  readonly id: string | null;
  readonly name: string | null;
  readonly queue: string;
  readonly reason: DeadLetterReason;
  readonly failure: Failure;
  readonly attempts: number;
}

/** The error of a decoder shows where it stopped. */
function tracebackOf({ traceback, error }: Failure): string | null {
  return traceback ?? (error instanceof Error ? stackOf(error) : null);
}

function putAside({ id, name, queue, reason, failure, attempts }: Aside, context: RuleContext): readonly Effect[] {
  if (!context.deadLetter) return [{ do: "reject", requeue: false }];
  const error = describeFailure(failure);
  return [
    { do: "dead-letter", reason, error, traceback: tracebackOf(failure), attempts },
    { do: "emit", event: { type: "deadLettered", id, name, queue, reason, error: describeForLog(failure) } },
  ];
}
