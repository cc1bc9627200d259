import type { Clock } from "@leveret/celery-amqp";

/** Resolves when `work` is over, however it ends, with true; or with false when `ms` have passed first. */
export function isOverWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.setTimer(ms, () => resolve(false));
    const end = (): void => {
      stop();
      resolve(true);
    };
    work.then(end, end);
  });
}
