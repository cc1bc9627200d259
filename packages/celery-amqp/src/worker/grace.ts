import type { Clock } from "../ports/clock.ts";

/** A length of time that may be shortened while it passes. */
export class Grace {
  readonly #clock: Clock;
  readonly #over = Promise.withResolvers<void>();
  #cancel: () => void;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#cancel = clock.setTimer(ms, this.#over.resolve);
  }

  /** Ends it in `ms` from now. */
  shorten(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.setTimer(ms, this.#over.resolve);
  }

  /** Resolves when `done` does, or when the time is over; then no timer is left. */
  async within(done: Promise<void>): Promise<void> {
    await Promise.race([done, this.#over.promise]);
    this.#cancel();
  }
}
