/** Time, as the world tells it. Tests bring one that moves when told. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
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
