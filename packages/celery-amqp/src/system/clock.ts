import { randomUUID } from "node:crypto";
import type { Clock, Ids } from "../ports/clock.ts";

/** Node's timers fire at once beyond this (setTimeout counts in 32 bits). */
const longestMs = 2 ** 31 - 1;

/**
 * The machine's clock and timers; a timer may take as long as it likes. It gives way to what has arrived: after a handler
 * has blocked the event loop, an answer that lies in the socket is read before its deadline is looked at.
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
