import { props, type Shape } from "@leveret/options";
import type { CallOptions } from "./call-options.ts";
import { callShapes } from "./call-shape.ts";
import { resolvePolicy, type TaskOptions, taskShapes } from "./options.ts";
import type { TaskDefinition } from "./task.ts";

/**
 * Options of all tasks of a client or worker. An option of the call, of the task or of its route is stronger; Celery's
 * default is weaker. A sender writes `priority`, `expires`, `serializer`, `compression`, `persistent` and `ignoreResult`
 * into messages; the other options, and `ignoreResult`, count in the worker that runs the task.
 */
export interface TaskDefaults extends Omit<TaskOptions, "queue" | "pool">, Pick<CallOptions, "persistent"> {}

const { queue: _queue, pool: _pool, ...ownShapes } = taskShapes;

/** The shape of task defaults. */
export const taskDefaultsShape: Shape = props<TaskDefaults>({ ...ownShapes, persistent: callShapes.persistent });

/** The defaults that a sender writes into messages. */
export function sendingDefaults(defaults: TaskDefaults): CallOptions {
  const { priority, expires, serializer, compression, persistent, ignoreResult } = defaults;
  const given = Object.entries({ priority, expires, serializer, compression, persistent, ignoreResult });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** The task with the policy that follows from its own options and these defaults. */
export function withDefaults(task: TaskDefinition, defaults: TaskDefaults): TaskDefinition {
  if (Object.keys(defaults).length === 0) return task;
  return Object.freeze({ ...task, policy: resolvePolicy(task.own, defaults) });
}
