import type { Slots } from "../rules/slots.ts";
import type { Reservation } from "./reservation.ts";

/** Slots that some queues share, and what waits for one of them. */
export class Lane {
  /** First come, first served. */
  readonly line: Reservation[] = [];
  /** Slots taken. */
  active = 0;
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get hasRoom(): boolean {
    return this.active < this.limit;
  }
}

/** The lanes of a worker: one for each queue with slots of its own, and one that all others share. */
export class Lanes {
  readonly #shared: Lane;
  readonly #own: ReadonlyMap<string, Lane>;
  readonly #laneNameOf: (queue: string) => string;

  /** @param laneNameOf - the name under which slots are given to a queue: a shard's is that of the sharded queue */
  constructor({ shared, own }: Slots, laneNameOf: (queue: string) => string) {
    this.#shared = new Lane(shared);
    this.#own = new Map([...own].map(([name, slots]) => [name, new Lane(slots)]));
    this.#laneNameOf = laneNameOf;
  }

  get all(): readonly Lane[] {
    return [this.#shared, ...this.#own.values()];
  }

  /** The lane of what was consumed from `queue`. */
  of(queue: string): Lane {
    if (this.#own.size === 0) return this.#shared;
    return this.#own.get(this.#laneNameOf(queue)) ?? this.#shared;
  }

  /** Other numbers of slots; what runs beyond them runs on. */
  resize({ shared, own }: Slots): void {
    this.#shared.limit = shared;
    for (const [name, slots] of own) {
      const lane = this.#own.get(name);
      if (lane !== undefined) lane.limit = slots;
    }
  }
}
