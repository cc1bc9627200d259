/** The next value of a Lamport clock for a message that is sent. Source: kombu/clocks.py `LamportClock.forward`. */
export function forwardClock(own: number): number {
  return own + 1;
}

/**
 * The value of a Lamport clock after a message was received: greater than both. A missing or invalid received clock
 * counts as 0, and so does one too large to be incremented exactly. Source: kombu/clocks.py `LamportClock.adjust`.
 */
export function adjustClock(own: number, theirs: unknown): number {
  return Math.max(own, isClock(theirs) ? theirs : 0) + 1;
}

const LIMIT = 2 ** 52;

function isClock(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < LIMIT;
}
