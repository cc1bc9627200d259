import { randomUUID } from "node:crypto";
import type { Clock, Ids } from "../ports/clock.ts";

/** Node's timers fire at once beyond this delay (setTimeout has 32 bits). */
const longestMs = 2 ** 31 - 1;

/**
 * The system clock and timers of any length. A timer yields to pending I/O: after a handler has blocked the event loop,
 * an answer in the socket is read before its deadline is checked.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fn) {
    let immediate: NodeJS.Immediate | undefined;
    let timer = later(delayMs);
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };

    function later(leftMs: number): NodeJS.Timeout {
      if (leftMs <= longestMs) return setTimeout(() => (immediate = setImmediate(fn)), leftMs);
      return setTimeout(() => (timer = later(leftMs - longestMs)), longestMs);
    }
  },
};

/** uuid4 from the machine's random source; `random` is for jitter, not for secrets. */
export const systemIds: Ids = {
  uuid: () => randomUUID(),
  random: () => Math.random(),
};
