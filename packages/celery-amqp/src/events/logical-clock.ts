import { adjustClock, forwardClock } from "@leveret/celery-protocol/events";

/** The Lamport clock of one process, shared by its events, commands and replies. Source: kombu/clocks.py. */
export class LogicalClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Advances the clock for a message that is sent. */
  forward(): number {
    this.#value = forwardClock(this.#value);
    return this.#value;
  }

  /** Adjusts the clock to that of a received message; ignores invalid values. */
  adjust(theirs: unknown): void {
    this.#value = adjustClock(this.#value, theirs);
  }
}
