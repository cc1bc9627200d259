/** How many tasks run at once, and of which queues. */
export interface Slots {
  /** Of all queues together. */
  readonly total: number;
  /** For the queues without slots of their own; 0 where each has its own. */
  readonly shared: number;
  /** Slots that belong to one queue alone, by its name. */
  readonly own: ReadonlyMap<string, number>;
}

/** A queue and the slots it wants for itself; null is none. */
export interface SlotWish {
  readonly name: string;
  readonly concurrency: number | null;
}

/**
 * Divides a worker's slots: each queue that names a concurrency has so many for itself, the others share the rest. So no
 * queue can take a slot from one that has its own, nor take more than its own.
 *
 * @param total - of all queues together; null is what the queues name, and `fallback` for those that share
 * @returns null where the rest is less than one and queues share it, or none shares and the total is less than what they name
 */
export function divideSlots(total: number | null, queues: readonly SlotWish[], fallback: number): Slots | null {
  const own = new Map(queues.flatMap(({ name, concurrency }) => (concurrency === null ? [] : [[name, concurrency]])));
  const named = [...own.values()].reduce((sum, slots) => sum + slots, 0);
  const hasSharing = queues.some(({ concurrency }) => concurrency === null);
  const shared = total === null ? (hasSharing ? fallback : 0) : total - named;
  if (shared < (hasSharing ? 1 : 0)) return null;
  return { total: hasSharing ? named + shared : named, shared: hasSharing ? shared : 0, own };
}

/**
 * The same with another number of slots for one queue of its own, or for all together; then those that share get the
 * difference. Null as for `divideSlots`, and where the queue has no slots of its own.
 */
export function resizeSlots({ total, shared, own }: Slots, concurrency: number, queue: string | null): Slots | null {
  if (queue === null) {
    const rest = shared + concurrency - total;
    return rest < 1 || shared === 0 ? null : { total: concurrency, shared: rest, own };
  }
  const before = own.get(queue);
  if (before === undefined) return null;
  return { total: total + concurrency - before, shared, own: new Map(own).set(queue, concurrency) };
}
