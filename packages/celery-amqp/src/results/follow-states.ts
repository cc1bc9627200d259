import type { ResultMeta } from "@leveret/celery-protocol";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { ResultTimeoutError } from "../task/errors.ts";
import type { ResultSource } from "./backend.ts";

/** States kept for a reader that is slower than the task; beyond this number the oldest are dropped. */
const maxWaiting = 1_000;

/** How to follow one task. */
export interface FollowOptions {
  readonly source: ResultSource;
  readonly clock: Clock;
  /** From now to the last state, in milliseconds; null waits indefinitely. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal | null;
}

/**
 * Yields the states of one task as they come, without end: the reader stops after the final one.
 *
 * @throws ResultTimeoutError, CeleryError `aborted`, and the errors of the source
 */
export async function* followStates(
  taskId: string,
  { source, clock, timeoutMs, signal }: FollowOptions,
): AsyncGenerator<ResultMeta, void, undefined> {
  const inbox = new Inbox();
  const abort = (): void => inbox.end(aborted(taskId, signal));
  if (signal?.aborted) throw aborted(taskId, signal);
  signal?.addEventListener("abort", abort);
  const stopTimer =
    timeoutMs === null ? null : clock.setTimer(timeoutMs, () => inbox.end(new ResultTimeoutError(taskId, timeoutMs)));
  const unwatch = source.watch(taskId, { onState: (meta) => inbox.push(meta), onLost: (error) => inbox.end(error) });
  try {
    for (;;) yield await inbox.next();
  } finally {
    unwatch();
    stopTimer?.();
    signal?.removeEventListener("abort", abort);
  }
}

function aborted(taskId: string, signal: AbortSignal | null): CeleryError {
  return new CeleryError(
    "aborted",
    `Waiting for the result was aborted: task ${taskId}. The task itself keeps running.`,
    {
      cause: signal?.reason,
    },
  );
}

/** States that were not read yet, then the end. */
class Inbox {
  readonly #metas: ResultMeta[] = [];
  #ended: CeleryError | null = null;
  #wake: () => void = () => {};

  push(meta: ResultMeta): void {
    this.#metas.push(meta);
    if (this.#metas.length > maxWaiting) this.#metas.shift();
    this.#wake();
  }

  end(error: CeleryError): void {
    this.#ended ??= error;
    this.#wake();
  }

  async next(): Promise<ResultMeta> {
    for (;;) {
      const meta = this.#metas.shift();
      if (meta !== undefined) return meta;
      if (this.#ended !== null) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
