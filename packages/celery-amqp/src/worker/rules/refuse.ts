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
import type { World } from "./world.ts";

/** What could be read of a message that is refused unread. */
export type Glimpse = Peek & WorkflowPeek;

/** A message that does not decode. */
export interface Undecodable {
  readonly error: ProtocolError;
  readonly glimpse: Glimpse;
  readonly queue: string;
}

/**
 * What an unreadable message costs: FAILURE where its sender can be told, and for its chord, then the dead queue. Celery
 * acks some of these, rejects others and dies of the rest (celery-wire 4); `deadLetter: false` rejects them all.
 */
export function refuseUndecodable({ error, glimpse, queue }: Undecodable, world: World): readonly Effect[] {
  const failure = unreadable(error);
  const { id, task: name } = glimpse;
  const task = glimpsed(glimpse);
  const told =
    task === null
      ? []
      : [
          ...tell(task, failure),
          ...bringBlindly(glimpse, task, failure, world),
          ...tellWaiting(task, failure, true, world),
        ];
  return [...told, ...putAside({ id, name, queue, reason: "undecodable", failure, attempts: 1 }, world)];
}

/** What a task that nobody here implements costs. A worker deployed later may know it: it waits in the dead queue. */
export function refuseUnregistered(task: TaskMessage, queue: string, world: World): readonly Effect[] {
  const failure = notRegistered(task.task);
  const stores = task.ignoreResult !== true;
  const told = [...(stores ? tell(task, failure) : []), ...tellWaiting(task, failure, stores, world)];
  const aside = {
    id: task.id,
    name: task.task,
    queue,
    reason: "unregistered",
    failure,
    attempts: task.retries + 1,
  } as const;
  return [...told, ...putAside(aside, world), { do: "emit", event: { type: "taskFailed", task, queue, failure } }];
}

/** What a message costs that workers die of, or that is given back for ever: it is as lost as they are. */
export function refuseRedelivered(arrival: Arrival, glimpse: Glimpse, world: World): readonly Effect[] {
  const { id, task: name } = glimpse;
  const { message, queue } = arrival;
  const attempts = lostRuns(arrival);
  const failure = redeliveredTooOften(attempts);
  const stores = message.headers["ignore_result"] !== true;
  const task = glimpsed(glimpse);
  const told =
    task === null
      ? []
      : [
          ...(stores ? tell(task, failure) : []),
          ...bringBlindly(glimpse, task, failure, world),
          ...tellWaiting(task, failure, stores, world),
          ...followFailure(task, task, failure, world),
        ];
  return [...told, ...putAside({ id, name, queue, reason: "redelivered-too-often", failure, attempts }, world)];
}

/** What stands for a task that was not read; null without an id, for then nobody can be told. */
function glimpsed(glimpse: Glimpse): TaskMessage | null {
  const { isChordKnown: _, id, task, rootId, ...rest } = glimpse;
  return id === null ? null : newTask({ ...rest, id, task: task ?? "unknown", rootId: rootId ?? id });
}

/** Celery tells nobody of these; those that wait for them would wait for ever. */
function tellWaiting(task: TaskMessage, failure: Failure, stores: boolean, world: World): readonly Effect[] {
  return world.failUnfinishableChords ? tellAround(task, failure, stores, world) : [];
}

/** A member of a group may be one of a chord's: who counts its parts, if anybody does, may know the body. */
function bringBlindly({ isChordKnown }: Glimpse, task: TaskMessage, failure: Failure, world: World): readonly Effect[] {
  const { id: taskId, group: groupId, groupIndex } = task;
  if (!world.failUnfinishableChords || isChordKnown || groupId === null) return [];
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

/** What a decoder threw shows where it gave up. */
function tracebackOf({ traceback, error }: Failure): string | null {
  return traceback ?? (error instanceof Error ? stackOf(error) : null);
}

function putAside({ id, name, queue, reason, failure, attempts }: Aside, world: World): readonly Effect[] {
  if (!world.deadLetter) return [{ do: "reject", requeue: false }];
  const error = describeFailure(failure);
  return [
    { do: "dead-letter", reason, error, traceback: tracebackOf(failure), attempts },
    { do: "emit", event: { type: "deadLettered", id, name, queue, reason, error: describeForLog(failure) } },
  ];
}
