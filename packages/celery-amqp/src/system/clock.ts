import { randomUUID } from "node:crypto";
import type { Clock, Ids } from "../ports/clock.ts";

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** uuid4 from the machine's random source; `random` is for jitter, not for secrets. */
export const systemIds: Ids = {
  uuid: () => randomUUID(),
  random: () => Math.random(),
};
