import type { Clock } from "@leveret/celery-amqp";

/** Resolves with true when `work` settles, or with false after `ms`. */
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
