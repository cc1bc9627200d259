import type { Clock } from "../../ports/clock.ts";

/** What is notified of the counts. */
export interface ReservedCountsParts {
  readonly clock: Clock;
  /** The number of unacked tasks of a queue that do not run, and should not count against its prefetch. */
  readonly onReserved: (queue: string, held: number) => void;
}

interface Count {
  held: number;
  told: number;
  /** Time since which the count is 0. */
  emptyAt: number;
}

/** Before a higher count is reported: most parked tasks are acked by then. */
const askAfterMs = 20;

/** Before a count of 0 is reported: such tasks arrive in bursts. */
const keepForMs = 500;

/** Counts unacked tasks that do not run, and reports the counts with a delay, not at each change. */
export class ReservedCounts {
  readonly #parts: ReservedCountsParts;
  readonly #counts = new Map<string, Count>();
  #isTimed = false;

  constructor(parts: ReservedCountsParts) {
    this.#parts = parts;
  }

  begin(queue: string): void {
    const count = this.#counts.get(queue) ?? { held: 0, told: 0, emptyAt: 0 };
    count.held += 1;
    this.#counts.set(queue, count);
    this.#arm();
  }

  end(queue: string): void {
    const count = this.#counts.get(queue);
    if (count === undefined) return;
    count.held -= 1;
    if (count.held === 0) count.emptyAt = this.#parts.clock.monotonicMs();
  }

  #tell(): void {
    const now = this.#parts.clock.monotonicMs();
    for (const [queue, count] of this.#counts) {
      if (count.held > count.told) this.#announce(queue, count);
      if (count.held > 0 || now < count.emptyAt + keepForMs) continue;
      if (count.told > 0) this.#announce(queue, count);
      this.#counts.delete(queue);
    }
    this.#isTimed = false;
    if (this.#counts.size > 0) this.#arm();
  }

  #arm(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#parts.clock.setTimer(askAfterMs, () => this.#tell());
  }

  #announce(queue: string, count: Count): void {
    count.told = count.held;
    this.#parts.onReserved(queue, count.held);
  }
}
