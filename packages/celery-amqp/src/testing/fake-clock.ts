import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../ports/clock.ts";

/** A clock that tests advance. */
export interface FakeClock extends Clock {
  /**
   * Moves time forward, calling each timer at its own moment, in order. Before and after each one all pending
   * promises get their turn, so a timer set by what an earlier one woke is still called in time.
   */
  advance(ms: number): Promise<void>;
  /**
   * Sets only the system clock, as an operator or NTP does: `now` steps by this number of milliseconds, back where
   * negative.
   */
  step(ms: number): void;
  /** How many timers wait. */
  readonly pending: number;
  /** When the next timer is due, by `now`; null when none waits. */
  readonly nextAt: number | null;
}

/** Where a fake clock starts. */
export interface FakeClockOptions {
  /** Epoch milliseconds. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number;
}

interface Timer {
  /** By the monotonic clock. */
  readonly at: number;
  readonly fn: () => void;
}

class ManualClock implements FakeClock {
  /** The system clock at 0 of the monotonic one. */
  #epoch: number;
  #elapsed = 0;
  readonly #timers = new Set<Timer>();

  constructor(now: number) {
    this.#epoch = now;
  }

  get pending(): number {
    return this.#timers.size;
  }

  get nextAt(): number | null {
    const next = this.#next();
    return next === null ? null : this.#epoch + next.at;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonicMs(): number {
    return this.#elapsed;
  }

  step(ms: number): void {
    this.#epoch += ms;
  }

  setTimer(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.#elapsed + Math.max(0, delayMs), fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await nextTurn();
    for (let timer = this.#next(); timer !== null && timer.at <= end; timer = this.#next()) {
      this.#elapsed = timer.at;
      this.#timers.delete(timer);
      timer.fn();
      await nextTurn();
    }
    this.#elapsed = end;
  }

  /** Timers of one moment go in the order they were set: a Set keeps it. */
  #next(): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) if (next === null || timer.at < next.at) next = timer;
    return next;
  }
}

/** A clock for tests: time stands still until `advance`. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  return new ManualClock(options.now ?? Date.UTC(2026, 0, 1));
}
