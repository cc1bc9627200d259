import type { Clock } from "../ports/clock.ts";

/** Resolves or rejects as `work` does, or rejects with what `expire` returns when `timeoutMs` pass first. */
export function within<T>(clock: Clock, timeoutMs: number, work: Promise<T>, expire: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = clock.setTimer(timeoutMs, () => reject(expire()));
    work.then(resolve, reject).finally(stop);
  });
}

/** Resolves when `work` is over, however it ends, or when `timeoutMs` have passed. */
export function settledWithin(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stop = clock.setTimer(timeoutMs, resolve);
    const end = () => {
      stop();
      resolve();
    };
    work.then(end, end);
  });
}

/** Resolves after `delayMs`, or at once when the signal is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = clock.setTimer(delayMs, done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
