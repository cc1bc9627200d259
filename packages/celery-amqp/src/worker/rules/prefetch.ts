/** Deliveries a consumer holds at most: as many as run at once, whatever Celery's multiplier would be (decision 2). */
export function prefetchFor(concurrency: number): number {
  return concurrency;
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
