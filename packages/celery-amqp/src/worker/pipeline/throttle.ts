import type { Clock } from "../../ports/clock.ts";
import { isBack } from "../rules/arrival.ts";
import type { Request } from "../rules/request.ts";
import { intervalOf, placeOf, takeToken, tokenAt } from "../rules/rate.ts";
import type { ReservedCounts } from "./reserved-counts.ts";
import type { Reservation } from "./reservation.ts";

/** What throttling needs of the worker. */
export interface ThrottleParts {
  readonly clock: Clock;
  /** How many may wait in memory. */
  readonly limit: number;
  /** Whether the next step refuses the task: then it needs no token. */
  readonly isDropped: (reservation: Reservation) => boolean;
  /** The next step of the pipeline. */
  readonly next: (reservation: Reservation) => void;
  /** Leaves a task to the broker until that time, or calls `otherwise`; false where it is due too soon for that. */
  readonly park: (reservation: Reservation, until: number, otherwise: () => void) => boolean;
  readonly held: ReservedCounts;
}

/**
 * Delays tasks with a rate limit: a FIFO for each task name. A waiting task takes no slot and does not count against the
 * prefetch; a task that would wait long is delayed in the broker. Tasks without a limit pass at the cost of one lookup.
 */
export class Throttle {
  readonly #parts: ThrottleParts;
  readonly #lines = new Map<string, Line>();
  #size = 0;

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
  }

  /** How many wait for their turn. */
  get size(): number {
    return this.#size;
  }

  /** Those that wait for their turn. */
  get line(): readonly Request[] {
    return [...this.#lines.values()].flatMap((line) => line.requests);
  }

  push(reservation: Reservation): void {
    const line = this.#lines.size === 0 ? undefined : this.#lines.get(reservation.request.task.task);
    if (line === undefined) this.#parts.next(reservation);
    else if (!line.take()) this.#wait(line, reservation);
    else this.#parts.next(reservation);
  }

  /** From now on at most so many of these tasks a second; null lifts the limit, and those that wait go on at once. */
  setRate(task: string, perSecond: number | null): void {
    const line = this.#lines.get(task);
    if (perSecond === null) {
      this.#lines.delete(task);
      for (const reservation of line?.release(() => true) ?? []) this.#parts.next(reservation);
    } else if (line === undefined) {
      this.#lines.set(task, new Line(perSecond, this.#parts, (queue, change) => this.#count(queue, change)));
    } else {
      line.setRate(perSecond);
    }
  }

  /** Lets go of the waiting tasks that `matches` picks, and returns them. */
  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    return [...this.#lines.values()].flatMap((line) => line.release(matches));
  }

  #wait(line: Line, reservation: Reservation): void {
    const until = line.book(reservation, this.#size >= this.#parts.limit);
    const isParked = until !== null && this.#parts.park(reservation, until, () => this.#hold(reservation));
    if (!isParked) line.hold(reservation);
  }

  /** The limit may have been lifted since. */
  #hold(reservation: Reservation): void {
    const line = this.#lines.get(reservation.request.task.task);
    if (line === undefined) this.#parts.next(reservation);
    else line.hold(reservation);
  }

  #count(queue: string, change: 1 | -1): void {
    this.#size += change;
    if (change === 1) this.#parts.held.begin(queue);
    else this.#parts.held.end(queue);
  }
}

/** The tasks of one name that wait for a token. */
class Line {
  readonly #parts: ThrottleParts;
  readonly #count: (queue: string, change: 1 | -1) => void;
  #waiting: Reservation[] = [];
  #intervalMs: number;
  #freeAt = 0;
  #bookedUntil = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(perSecond: number, parts: ThrottleParts, count: (queue: string, change: 1 | -1) => void) {
    this.#intervalMs = intervalOf(perSecond);
    this.#parts = parts;
    this.#count = count;
  }

  get requests(): readonly Request[] {
    return this.#waiting.map(({ request }) => request);
  }

  /** A faster rate also counts for the token that is awaited. */
  setRate(perSecond: number): void {
    this.#intervalMs = intervalOf(perSecond);
    this.#bookedUntil = 0;
    this.#freeAt = tokenAt(this.#freeAt, this.#parts.clock.monotonicMs(), this.#intervalMs);
    this.#arm();
  }

  /** Takes the token, if there is one and no task waits for it. */
  take(): boolean {
    return this.#waiting.length === 0 && this.#take(false);
  }

  /** The wall-clock time until which the broker delays a task; null for a task that waits in memory. */
  book({ request, delivery }: Reservation, isFull: boolean): number | null {
    const line = {
      waiting: this.#waiting.length,
      isFull,
      freeAt: this.#freeAt,
      intervalMs: this.#intervalMs,
      bookedUntil: this.#bookedUntil,
    };
    const { clock } = this.#parts;
    const now = clock.monotonicMs();
    const place = placeOf(line, now, isBack(delivery));
    if (place.kind === "line") return null;
    this.#bookedUntil = place.bookedUntil;
    return Math.min(clock.now() + place.until - now, request.task.expires?.epochMs ?? Infinity);
  }

  hold(reservation: Reservation): void {
    this.#waiting.push(reservation);
    this.#count(reservation.request.queue, 1);
    if (this.#waiting.length === 1) this.#arm();
  }

  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    const released = this.#waiting.filter(matches);
    if (released.length === 0) return released;
    this.#waiting = this.#waiting.filter((reservation) => !matches(reservation));
    for (const { request } of released) this.#count(request.queue, -1);
    this.#arm();
    return released;
  }

  #fire(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#parts.isDropped(first) && !this.#take(true)) break;
      this.#waiting.shift();
      this.#count(first.request.queue, -1);
      this.#parts.next(first);
    }
    this.#arm();
  }

  /** Takes the token, if it is there. */
  #take(waited: boolean): boolean {
    const now = this.#parts.clock.monotonicMs();
    this.#freeAt = tokenAt(this.#freeAt, now, this.#intervalMs);
    if (this.#freeAt > now) return false;
    this.#freeAt = takeToken(this.#freeAt, now, this.#intervalMs, waited);
    return true;
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#waiting.length === 0) return;
    const { clock } = this.#parts;
    const now = clock.monotonicMs();
    const delayMs = Math.max(0, this.#freeAt - now);
    this.#cancelTimer = clock.setTimer(Math.ceil(delayMs), () => this.#fire());
  }
}
