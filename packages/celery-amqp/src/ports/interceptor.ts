import type { TaskMessage } from "@leveret/celery-protocol";

/** The one way to add behaviour: around sending a task, around running one, or both. The first given is the outermost. */
export interface Interceptor {
  /** Wraps a publish. Hand `next` the message, changed or not; it resolves at the broker's confirm. */
  send?(task: TaskMessage, next: (task: TaskMessage) => Promise<void>): Promise<void>;
  /** Wraps a handler. What `next` resolves to is the task's result; what it throws is its failure. */
  run?(task: TaskMessage, next: () => Promise<unknown>): Promise<unknown>;
}

/** Puts the `send` sides around the publish itself. Done once, when a client or worker is assembled. */
export function composeSend<Way>(
  interceptors: readonly Interceptor[],
  last: (task: TaskMessage, way: Way) => Promise<void>,
): (task: TaskMessage, way: Way) => Promise<void> {
  return interceptors.reduceRight(
    (next, interceptor) =>
      interceptor.send === undefined
        ? next
        : async (task, way) => interceptor.send?.(task, (changed) => next(changed, way)),
    last,
  );
}

/** Puts the `run` sides around a handler, likewise. */
export function composeRun(
  interceptors: readonly Interceptor[],
): (task: TaskMessage, handler: () => Promise<unknown>) => Promise<unknown> {
  type Run = (task: TaskMessage, handler: () => Promise<unknown>) => Promise<unknown>;
  return interceptors.reduceRight<Run>(
    (next, interceptor) =>
      interceptor.run === undefined
        ? next
        : async (task, handler) => interceptor.run?.(task, () => next(task, handler)),
    async (_task, handler) => handler(),
  );
}
