/** How late a timer may have come without the rate falling for it. A longer stall is not made good. */
const latenessMs = 50;

/**
 * A token bucket that holds one token, Celery's capacity, as the moment from which the token is there. Taking it moves
 * that moment on by one interval: from now, or for a task that had to wait from its own turn, so that timers which come
 * late do not slow the rate down. Source: kombu/utils/limits.py `TokenBucket`; after idling Celery lets two go at once,
 * because its bucket's clock stands still while it is full.
 *
 * @param freeAt - when the token is there; milliseconds since the epoch
 * @param now - the time of the taking, not before `freeAt`
 * @param intervalMs - from one token to the next
 * @param waited - whether the task had to wait for it
 * @returns when the next is there
 */
export function takeToken(freeAt: number, now: number, intervalMs: number, waited: boolean): number {
  return (waited ? Math.max(freeAt, now - latenessMs) : now) + intervalMs;
}

/** When the token is there as of now. It is never further off than one interval, unless the machine's clock was set back. */
export function tokenAt(freeAt: number, now: number, intervalMs: number): number {
  return Math.min(freeAt, now + intervalMs);
}

/** Milliseconds from one token to the next. */
export function intervalOf(perSecond: number): number {
  return 1_000 / perSecond;
}
