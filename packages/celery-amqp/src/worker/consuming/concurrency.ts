import { CeleryError } from "../../ports/errors.ts";
import { logicalName, type QueueTable } from "../../send/queue-table.ts";
import type { ResolvedQueue } from "../../send/queues.ts";
import { checkConcurrency } from "../options/worker.ts";
import { SlotPools } from "../pipeline/slot-pools.ts";
import { prefetchFor } from "../rules/prefetch.ts";
import { resizeSlots, type Slots } from "../rules/slots.ts";

/** The slots of the queues and the prefetch that follows from them; both may change at any time. */
export class Concurrency {
  readonly slotPools: SlotPools;
  #slots: Slots;

  constructor(slots: Slots, queues: QueueTable) {
    this.#slots = slots;
    this.slotPools = new SlotPools(slots, (queue) => logicalName(queues, queue));
  }

  /** Tasks that run at once, of all queues. */
  get total(): number {
    return this.#slots.total;
  }

  /** Prefetch of a queue. */
  prefetchOf({ name, place, consuming }: ResolvedQueue): number {
    const slots = this.#slots.own.get(place?.queue ?? name) ?? this.#slots.shared;
    return prefetchFor({ slots, prefetch: consuming.prefetch, shards: place?.count ?? 1 });
  }

  /**
   * @param concurrency - slots of all queues, or of the one that has slots of its own
   * @throws CeleryError `option-invalid`
   */
  change(concurrency: number, queue: string | null): void {
    checkConcurrency(concurrency);
    const slots = resizeSlots(this.#slots, concurrency, queue);
    if (slots === null) throw new CeleryError("option-invalid", this.#refusal(concurrency, queue));
    this.#slots = slots;
    this.slotPools.resize(slots);
  }

  /**
   * A queue that comes later has to share slots with others.
   *
   * @throws CeleryError `option-invalid` where there are none to share
   */
  assertShares(queue: string): void {
    if (this.#slots.shared > 0) return;
    throw new CeleryError(
      "option-invalid",
      `Queue "${queue}" would have no slots: each queue of this worker has its own, and none are shared`,
    );
  }

  #refusal(concurrency: number, queue: string | null): string {
    const { total, shared, own } = this.#slots;
    if (queue !== null)
      return `Queue "${queue}" has no slots of its own: give it a concurrency in queues, or leave the queue out here`;
    return shared === 0
      ? "Each queue has slots of its own: name the queue whose concurrency is to change"
      : `A concurrency of ${concurrency} leaves nothing for the queues that share: ${total - shared} belong to ${[...own.keys()].join(", ")}`;
  }
}
