/**
 * The next value of a Lamport clock when something is sent, to be sent along.
 * Source: kombu/clocks.py `LamportClock.forward`.
 */
export function forwardClock(own: number): number {
  return own + 1;
}

/**
 * The value of a Lamport clock after a message was received: greater than both. What came may be anything: a missing
 * clock counts as 0, and so does one that is not an integer, or so large that counting on would stop being exact.
 * Source: kombu/clocks.py `LamportClock.adjust`.
 */
export function adjustClock(own: number, theirs: unknown): number {
  return Math.max(own, isClock(theirs) ? theirs : 0) + 1;
}

const LIMIT = 2 ** 52;

function isClock(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < LIMIT;
}
