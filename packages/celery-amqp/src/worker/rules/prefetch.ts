/** What decides how many messages of a queue a worker holds. */
export interface PrefetchFacts {
  /** Slots that tasks of the queue may take. */
  readonly slots: number;
  /** The prefetch of the options; null is the number of slots, where Celery multiplies by `worker_prefetch_multiplier`. */
  readonly prefetch: number | null;
  /** Shards of the queue; 1 for a queue without shards. */
  readonly shards: number;
}

/** The limit of AMQP (0-9-1, `basic.qos`: a short). */
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
 * further consumers add prefetch for them. Returns the prefetch of the next consumer, or 0 when there is enough or the limit
 * is reached. It doubles, so that a thousand waiting tasks need few consumers.
 *
 * @param waiting - tasks that wait for their eta now
 * @param added - the prefetch of the further consumers that exist
 * @param limit - how many waiting tasks a worker takes at most
 */
export function morePrefetch(waiting: number, added: number, limit: number): number {
  if (waiting <= added || added >= limit) return 0;
  return Math.min(Math.max(added, 8), limit - added);
}
