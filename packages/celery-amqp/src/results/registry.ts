import type { ResultTuple } from "@leveret/celery-protocol/results";
import type { Clock } from "../ports/clock.ts";
import type { AsyncResult, GroupResult, RevokeTask } from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import { type AsyncResultParts, createAsyncResult } from "./async-result.ts";
import type { ResultSource } from "./backend.ts";
import type { ChordCounter } from "./chords.ts";
import { createGroupResult, isGroupResult, refuse } from "./group-result.ts";
import { createNoResults } from "./none.ts";
import type { ErrorClasses } from "./task-error.ts";

/** The dependencies of the results of a sender. */
export interface ResultRegistryParts {
  readonly source: ResultSource;
  readonly clock: Clock;
  readonly errorClasses: ErrorClasses;
  readonly revoke: RevokeTask;
  readonly explain?: NonNullable<AsyncResultParts["explain"]>;
}

/** The task of a result, where this program knows it. */
export type TaskOf = (taskId: string) => TaskDefinition | null;

/** The results of one sender. */
export interface ResultRegistry {
  replyTo(taskId: string): string | null;
  prepare(taskId: string): Promise<void>;
  open(taskId: string, task: TaskDefinition | null): AsyncResult<unknown>;
  openNone(taskId: string, why: string): AsyncResult<unknown>;
  openTuple(tuple: ResultTuple, taskOf: TaskOf): AsyncResult<unknown>;
  openNoneTuple(tuple: ResultTuple, why: string): AsyncResult<unknown>;
  restore(groupId: string): Promise<GroupResult<readonly unknown[]> | null>;
  /** Absent where chords cannot be counted. */
  readonly chords?: ChordCounter;
}

/** Creates the results of a sender from a source and the classes of its errors. */
export function createResultRegistry(parts: ResultRegistryParts): ResultRegistry {
  const { source } = parts;
  // One function for all results, since each result keeps it.
  const ofTask: AsyncResultParts = { ...parts, openTuple: (tuple) => openResult(tuple, unknown, parts) };
  const none = (why: string): ResultRegistryParts => ({ ...parts, source: createNoResults(why) });
  return {
    replyTo: (taskId) => source.replyTo(taskId),
    prepare: (taskId) => source.prepare(taskId),
    open: (taskId, task) => createAsyncResult(taskId, task, ofTask),
    openNone: (taskId, why) => openResult({ id: taskId, parent: null, members: null }, unknown, none(why)),
    openTuple: (tuple, taskOf) => openResult(tuple, taskOf, parts),
    openNoneTuple: (tuple, why) => openResult(tuple, unknown, none(why)),
    async restore(groupId) {
      const tuple = await (source.groups ?? refuse(groupId)).restore(groupId);
      const result = tuple && openResult({ ...tuple, members: tuple.members ?? [] }, unknown, parts);
      return result !== null && isGroupResult(result) ? result : null;
    },
    ...(source.chords && { chords: source.chords }),
  };
}

const unknown: TaskOf = () => null;

function openResult(tuple: ResultTuple, taskOf: TaskOf, parts: ResultRegistryParts): AsyncResult<unknown> {
  const { id, parent, members } = tuple;
  const openTuple = (other: ResultTuple): AsyncResult<unknown> => openResult(other, taskOf, parts);
  if (members === null) return createAsyncResult(id, taskOf(id), { ...parts, openTuple }, parent);
  return createGroupResult({
    tuple,
    members: members.map(openTuple),
    openParent: () => parent && openTuple(parent),
    groups: parts.source.groups ?? null,
  });
}
