import { type CallOptions, mergeOptions } from "../task/call-options.ts";
import type { AsyncResult, TaskSender } from "../task/sender.ts";
import type { TaskDefinition, TypedTask } from "../task/task.ts";

/** A task bound to its client, with Celery's verbs. */
export interface BoundTask<A extends readonly unknown[], R> {
  /** Sends a call of the task. */
  delay(...args: A): Promise<AsyncResult<R>>;
  /** Sends a call of the task with options. */
  applyAsync(args: A, options?: CallOptions<R>): Promise<AsyncResult<R>>;
}

/** Bound tasks by the caller's names. */
export type BoundTasks<Tasks extends Readonly<Record<string, TaskDefinition>>> = {
  readonly [Name in keyof Tasks]: Tasks[Name] extends TypedTask<infer A, infer R> ? BoundTask<A, R> : never;
};

/** Binds tasks to a sender. */
export function bindTasks<const Tasks extends Readonly<Record<string, TaskDefinition>>>(
  sender: TaskSender,
  tasks: Tasks,
): BoundTasks<Tasks> {
  const bound = Object.entries(tasks).map(([name, task]) => [name, bindTask(sender, task)] as const);
  return Object.fromEntries(bound) as unknown as BoundTasks<Tasks>;
}

function bindTask(
  sender: TaskSender,
  task: TypedTask<readonly unknown[], unknown>,
): BoundTask<readonly unknown[], unknown> {
  return {
    delay: (...args) => sender.send(task, ...args),
    applyAsync: (args, options = {}) => sender.send({ ...task, options: mergeOptions(task.options, options) }, ...args),
  };
}
