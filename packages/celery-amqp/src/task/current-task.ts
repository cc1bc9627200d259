import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskContext } from "./context.ts";

const running = new AsyncLocalStorage<TaskContext>();

/** The context of the task that runs here and now, for loggers and libraries deep below a handler; null outside of one. */
export function currentTask(): TaskContext | null {
  return running.getStore() ?? null;
}

/** Runs `handler` with `context` as the current task, in everything it calls and awaits. */
export function runAsTask<T>(context: TaskContext, handler: () => T): T {
  return running.run(context, handler);
}
