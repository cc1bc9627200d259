import type { Address, TaskMessage } from "@leveret/celery-protocol";

/** Where a message is about to go. */
export interface SendTarget {
  /** Exchange and routing key. */
  readonly to: Address;
  /** The queue that is declared for it; null where the call names an exchange and no queue. */
  readonly queue: string | null;
}

/** Adds behaviour around sending a task, around running one, or both. The first given is the outermost. */
export interface Interceptor {
  /**
   * Wraps a publish. Hand `next` the message, changed or not; it resolves at the broker's confirm.
   *
   * @param target - null where the message is only prepared, to be published later by `client.relay`
   */
  send?(task: TaskMessage, next: (task: TaskMessage) => Promise<void>, target: SendTarget | null): Promise<void>;
  /** Wraps a handler. What `next` resolves to is the task's result; what it throws is its failure. */
  run?(task: TaskMessage, next: () => Promise<unknown>): Promise<unknown>;
}

/** Puts the `send` sides around the publish itself. Done once, when a client or worker is assembled. */
export function composeSend<Way>(
  interceptors: readonly Interceptor[],
  last: (task: TaskMessage, way: Way) => Promise<void>,
  targetOf: (way: Way) => SendTarget | null = () => null,
): (task: TaskMessage, way: Way) => Promise<void> {
  return interceptors.reduceRight(
    (next, interceptor) =>
      interceptor.send === undefined
        ? next
        : async (task, way) => interceptor.send?.(task, (changed) => next(changed, way), targetOf(way)),
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
        : async (task, handler) => interceptor.run?.(task, () => unheard(next(task, handler))),
    async (_task, handler) => handler(),
  );
}

/** An interceptor that does not await the handler must not end the process by what it throws. */
function unheard<Result>(running: Promise<Result>): Promise<Result> {
  running.catch(() => {});
  return running;
}
