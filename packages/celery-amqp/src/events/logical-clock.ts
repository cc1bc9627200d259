import { adjustClock, forwardClock } from "@leveret/celery-protocol";

/** The Lamport clock of one process: what it sends by different ways shares it. Source: kombu/clocks.py. */
export class LogicalClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Something is sent: its clock. */
  forward(): number {
    this.#value = forwardClock(this.#value);
    return this.#value;
  }

  /** Something came with this clock, whatever it is. */
  adjust(theirs: unknown): void {
    this.#value = adjustClock(this.#value, theirs);
  }
}
