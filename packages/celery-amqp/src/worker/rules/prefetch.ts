/** What decides how many messages of a queue a worker holds. */
export interface PrefetchFacts {
  /** Slots that tasks of the queue may take. */
  readonly slots: number;
  /** The prefetch of the options; null is the number of slots, where Celery multiplies by `worker_prefetch_multiplier`. */
  readonly prefetch: number | null;
  /** Shards of the queue; 1 for a queue without shards. */
  readonly shards: number;
}

/** Most that AMQP lets one say (0-9-1, `basic.qos`: a short). */
const most = 65_535;

/**
 * Deliveries that one consumer holds at most. Shards get equal parts, rounded up: together they hold what one queue would,
 * and none is left out.
 */
export function prefetchFor({ slots, prefetch, shards }: PrefetchFacts): number {
  return Math.min(most, Math.max(1, Math.ceil((prefetch ?? slots) / shards)));
}

/**
 * Tasks that wait for their eta each take a delivery out of the prefetch. Prefetch is fixed for a consumer's life, so
 * room for them comes by further consumers: this says how much room the next one brings, or 0 when there is enough or the
 * limit is reached. Room doubles, so that a thousand waiting tasks need few consumers.
 *
 * @param held - tasks that wait for their eta now
 * @param room - what further consumers hold already
 * @param limit - how many waiting tasks a worker takes at most
 */
export function moreRoom(held: number, room: number, limit: number): number {
  if (held <= room || room >= limit) return 0;
  return Math.min(Math.max(room, 8), limit - room);
}
