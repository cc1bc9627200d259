import type { Clock } from "../../ports/clock.ts";
import type { ReservedCounts } from "./reserved-counts.ts";
import type { Reservation } from "./reservation.ts";

/** What counting ended tasks takes. */
export interface SettlingParts {
  readonly clock: Clock;
  readonly held: ReservedCounts;
  /** So many tasks wait beside the slots; each further one keeps its slot until it is settled. */
  readonly limit: number;
}

interface Ended {
  readonly reservation: Reservation;
  readonly since: number;
  isHeld: boolean;
}

/** A task that is not settled by then takes no delivery out of the prefetch: further consumers bring more. */
const slowMs = 250;

/**
 * Tasks that have ended and wait for the broker or the result backend, beside the slots: a dead node keeps no worker from
 * running what else there is. Their messages stay unacked, so a crash loses none.
 */
export class Settling {
  readonly #parts: SettlingParts;
  /** In the order in which they ended. */
  readonly #ended = new Set<Ended>();
  #isTimed = false;

  constructor(parts: SettlingParts) {
    this.#parts = parts;
  }

  /** Those that wait. */
  get reservations(): readonly Reservation[] {
    return [...this.#ended].map(({ reservation }) => reservation);
  }

  get hasFreeSlot(): boolean {
    return this.#ended.size < this.#parts.limit;
  }

  /** One more task waits; the returned function ends its wait, and is called once. */
  begin(reservation: Reservation): () => void {
    const ended = { reservation, since: this.#parts.clock.monotonicMs(), isHeld: false };
    this.#ended.add(ended);
    this.#arm();
    return () => {
      this.#ended.delete(ended);
      if (ended.isHeld) this.#parts.held.end(reservation.request.queue);
    };
  }

  #arm(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#parts.clock.setTimer(slowMs, () => this.#look());
  }

  #look(): void {
    const { clock, held } = this.#parts;
    const before = clock.monotonicMs() - slowMs;
    for (const ended of this.#ended) {
      if (ended.since > before) break;
      if (ended.isHeld) continue;
      ended.isHeld = true;
      held.begin(ended.reservation.request.queue);
    }
    this.#isTimed = false;
    if (this.#ended.size > 0) this.#arm();
  }
}
