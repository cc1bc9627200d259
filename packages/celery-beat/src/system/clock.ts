import type { Clock, Ids } from "@leveret/celery-amqp";
import { randomUUID } from "node:crypto";

/** The system clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Random ids. */
export const systemIds: Ids = { uuid: () => randomUUID(), random: () => Math.random() };
