import type { Clock } from "../ports/clock.ts";
import type { AsyncResult, RevokeTask } from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import { createAsyncResult } from "./async-result.ts";
import type { ResultSource } from "./backend.ts";
import type { ChordCounter } from "./chords.ts";
import { createListResult } from "./list-result.ts";
import { createNoResults } from "./none.ts";
import type { ErrorClasses } from "./task-error.ts";

/** What results are made of. */
export interface IntakeParts {
  readonly source: ResultSource;
  readonly clock: Clock;
  readonly errorClasses: ErrorClasses;
  readonly revoke: RevokeTask;
}

/** The results of one sender: where they are awaited, and what stands for them until they come. */
export interface Intake {
  replyTo(taskId: string): string | null;
  prepare(taskId: string): Promise<void>;
  open(taskId: string, task: TaskDefinition | null): AsyncResult<unknown>;
  openNone(taskId: string, why: string): AsyncResult<unknown>;
  openList(groupId: string, members: readonly AsyncResult<unknown>[]): AsyncResult<unknown>;
  /** Absent where chords cannot be counted. */
  readonly chords?: ChordCounter;
}

/** Joins a source and the errors that its results are told by. */
export function createIntake(parts: IntakeParts): Intake {
  const { source } = parts;
  return {
    replyTo: (taskId) => source.replyTo(taskId),
    prepare: (taskId) => source.prepare(taskId),
    open: (taskId, task) => createAsyncResult(taskId, task, parts),
    openNone: (taskId, why) => createAsyncResult(taskId, null, { ...parts, source: createNoResults(why) }),
    openList: createListResult,
    ...(source.chords && { chords: source.chords }),
  };
}
