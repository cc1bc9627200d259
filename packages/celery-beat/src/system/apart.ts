import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";

const clean = AsyncLocalStorage.snapshot();
const resource = (): AsyncResource => new AsyncResource("leveret beat");

/**
 * Calls `fn` in an async context of its own, without the AsyncLocalStorage stores of the program that started the beat.
 */
export function apart<T>(fn: () => T): T {
  return clean(resource).runInAsyncScope(fn);
}
