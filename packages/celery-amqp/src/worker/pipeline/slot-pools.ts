import type { Slots } from "../rules/slots.ts";
import type { Reservation } from "./reservation.ts";

/** Slots that some queues share, and what waits for one of them. */
export class SlotPool {
  /** First come, first served. */
  readonly line: Reservation[] = [];
  /** Slots taken. */
  active = 0;
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get hasFreeSlot(): boolean {
    return this.active < this.limit;
  }
}

/** The slotPools of a worker: one for each queue with slots of its own, and one that all others share. */
export class SlotPools {
  readonly #shared: SlotPool;
  readonly #own: ReadonlyMap<string, SlotPool>;
  readonly #slotNameOf: (queue: string) => string;

  /** @param slotNameOf - the name under which slots are given to a queue: a shard's is that of the sharded queue */
  constructor({ shared, own }: Slots, slotNameOf: (queue: string) => string) {
    this.#shared = new SlotPool(shared);
    this.#own = new Map([...own].map(([name, slots]) => [name, new SlotPool(slots)]));
    this.#slotNameOf = slotNameOf;
  }

  get all(): readonly SlotPool[] {
    return [this.#shared, ...this.#own.values()];
  }

  /** The slotPool of what was consumed from `queue`. */
  of(queue: string): SlotPool {
    if (this.#own.size === 0) return this.#shared;
    return this.#own.get(this.#slotNameOf(queue)) ?? this.#shared;
  }

  /** Other numbers of slots; what runs beyond them runs on. */
  resize({ shared, own }: Slots): void {
    this.#shared.limit = shared;
    for (const [name, slots] of own) {
      const slotPool = this.#own.get(name);
      if (slotPool !== undefined) slotPool.limit = slots;
    }
  }
}
