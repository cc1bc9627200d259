import { methods, type Shape } from "@leveret/options";

/** Time and timers. Tests pass one that they advance. */
export interface Clock {
  /**
   * The system clock: milliseconds since the epoch. Only for moments (eta, expires, timestamps): it may be set, also
   * back.
   */
  now(): number;
  /** Milliseconds since a start that means nothing; never set, and never back. For deadlines, timeouts, backoffs, rates. */
  monotonicMs(): number;
  /** Calls `fn` once when `delayMs` have passed; the returned function cancels and may be called twice. */
  setTimer(delayMs: number, fn: () => void): () => void;
}

/** Identities and chance, injected so that rules stay pure and tests repeatable. */
export interface Ids {
  /** A new task id: uuid4 text. */
  uuid(): string;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

/** The shapes of the two where options take them. */
export const clockShape: Shape = methods("a clock", "now", "monotonicMs", "setTimer");
export const idsShape: Shape = methods("an id source", "uuid", "random");
