import type { Ids } from "../ports/clock.ts";
import type { BackoffLimits } from "./options.ts";

/** The pauses between attempts: random, with a limit that doubles, so that many clients do not come back at once. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #ids: Ids;
  #attempts = 0;

  constructor(limits: BackoffLimits, ids: Ids) {
    this.#limits = limits;
    this.#ids = ids;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const limit = Math.min(this.#limits.maxMs, this.#limits.minMs * 2 ** this.#attempts);
    if (limit < this.#limits.maxMs) this.#attempts += 1;
    return this.#ids.random() * limit;
  }

  /** Starts over with short pauses if the connection or channel lived for at least `stableMs`. */
  onHeld(heldMs: number): void {
    if (heldMs >= this.#limits.stableMs) this.#attempts = 0;
  }
}
