/** How late a timer may have come without the rate falling for it. A longer stall is not made good. */
const latenessMs = 50;

/**
 * A token bucket that holds one token, Celery's capacity, as the moment from which the token is there. Taking it moves
 * that moment on by one interval: from now, or for a task that had to wait from its own turn, so that timers which come
 * late do not slow the rate down. Source: kombu/utils/limits.py `TokenBucket`; after idling Celery lets two go at once,
 * because its bucket's clock stands still while it is full.
 *
 * @param freeAt - when the token is there; milliseconds of the monotonic clock
 * @param now - the time of the taking, not before `freeAt`
 * @param intervalMs - from one token to the next
 * @param waited - whether the task had to wait for it
 * @returns when the next is there
 */
export function takeToken(freeAt: number, now: number, intervalMs: number, waited: boolean): number {
  return (waited ? Math.max(freeAt, now - latenessMs) : now) + intervalMs;
}

/** When the token is there as of now. A faster rate since then brings it nearer: it is never further off than one interval. */
export function tokenAt(freeAt: number, now: number, intervalMs: number): number {
  return Math.min(freeAt, now + intervalMs);
}

/** Milliseconds from one token to the next. */
export function intervalOf(perSecond: number): number {
  return 1_000 / perSecond;
}

/** Turns within this time are awaited in memory, later ones in the broker, each time for so long at most. */
const [longestLineMs, longestParkMs] = [600_000, 600_000];

/** A line of tasks that wait for their tokens. Times are milliseconds of the monotonic clock. */
export interface TokenLine {
  /** How many wait in it. */
  readonly waiting: number;
  /** Whether no more may wait in memory, in this line and others. */
  readonly isFull: boolean;
  /** When the next token is there. */
  readonly freeAt: number;
  readonly intervalMs: number;
  /** Up to here the turns belong to tasks that wait in the broker. */
  readonly bookedUntil: number;
}

/** Where a task goes that finds no token: into the line, or until a time into the broker. */
export type Place =
  | { readonly kind: "line" }
  | { readonly kind: "broker"; readonly until: number; readonly bookedUntil: number };

/**
 * Where a task under a rate limit waits. A task in memory is unacked, so few may wait there and not for long: RabbitMQ
 * requeues messages that are unacked for 30 minutes. A task in the delay queues returns for its turn, and later tasks do not
 * overtake it; if its turn is very far, it returns earlier, since the limit or the number of workers may have changed.
 *
 * @param isBack - it comes from the broker, where it has waited already
 */
export function placeOf(line: TokenLine, now: number, isBack: boolean): Place {
  const { waiting, isFull, freeAt, intervalMs, bookedUntil } = line;
  const endOfLine = Math.max(freeAt, now) + waiting * intervalMs;
  const isNext = isBack || bookedUntil <= endOfLine;
  if (isNext && !isFull && endOfLine - now <= longestLineMs) return { kind: "line" };
  const turn = Math.max(endOfLine, bookedUntil);
  const asksAgainAt = now + longestParkMs;
  return {
    kind: "broker",
    until: Math.min(turn, asksAgainAt),
    bookedUntil: Math.max(bookedUntil, Math.min(turn + intervalMs, asksAgainAt)),
  };
}

/** A rate as one writes it, in the shortest time that makes it whole: `2/s`, `100/m`, `2/h`; null for none. */
export function rateText(perSecond: number | null): `${number}/${"s" | "m" | "h"}` | null {
  if (perSecond === null) return null;
  const spans = [
    [1, "s"],
    [60, "m"],
  ] as const;
  for (const [seconds, unit] of spans) {
    const whole = Math.round(perSecond * seconds);
    if (whole > 0 && Math.abs(perSecond * seconds - whole) < 1e-9) return `${whole}/${unit}`;
  }
  return `${Number((perSecond * 3_600).toPrecision(10))}/h`;
}
