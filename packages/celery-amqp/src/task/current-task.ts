import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { TaskContext } from "./context.ts";

const running = new AsyncLocalStorage<TaskContext>();

const clean = AsyncLocalStorage.snapshot();
const resource = (): AsyncResource => new AsyncResource("leveret");

/**
 * Calls `fn` in an async context of its own without stores: neither those of the program that started the worker, nor
 * those entered by another task's `enterWith`. Without a resource of its own what `fn` enters would stay behind on Node
 * 22.
 */
export function apart<T>(fn: () => T): T {
  return clean(resource).runInAsyncScope(fn);
}

/** The context of the task that runs here and now, for loggers and libraries deep below a handler; null outside of one. */
export function currentTask(): TaskContext | null {
  return running.getStore() ?? null;
}

/** Runs `handler` with `context` as the current task, in everything it calls and awaits. */
export function runAsTask<T>(context: TaskContext, handler: () => T): T {
  return running.run(context, handler);
}
