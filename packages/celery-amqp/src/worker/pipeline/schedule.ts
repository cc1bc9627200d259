import type { Clock } from "../../ports/clock.ts";
import type { Request } from "../rules/request.ts";
import { dueAt } from "../rules/park.ts";
import type { ReservedCounts } from "./reserved-counts.ts";
import type { Reservation } from "./reservation.ts";

/** The next step of scheduled tasks, and the counts of unacked ones. */
export interface ScheduleParts {
  readonly clock: Clock;
  /** The next step of the pipeline. */
  readonly next: (reservation: Reservation) => void;
  readonly held: ReservedCounts;
}

/** The wall clock may be set forward meanwhile; a task that is due by that waits no longer than this. */
const lookAgainMs = 10_000;

interface Waiting {
  readonly at: number;
  readonly reservation: Reservation;
}

/** Keeps tasks until their eta: a binary heap by time and one timer. They stay unacked, so a crash loses none. */
export class Schedule {
  readonly #parts: ScheduleParts;
  readonly #heap: Waiting[] = [];
  #cancelTimer: (() => void) | null = null;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
  }

  /** The number of waiting tasks. */
  get size(): number {
    return this.#heap.length;
  }

  /** The waiting tasks, in no order. */
  get line(): readonly Request[] {
    return this.#heap.map(({ reservation }) => reservation.request);
  }

  push(reservation: Reservation): void {
    const at = dueAt(reservation.request.task);
    if (at <= this.#parts.clock.now()) this.#parts.next(reservation);
    else this.#hold({ at, reservation });
  }

  /** Removes the waiting tasks that `matches` picks, and returns them. */
  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    const all = this.#heap.splice(0);
    for (const held of all) if (!matches(held.reservation)) insert(this.#heap, held);
    const released = all.map((held) => held.reservation).filter(matches);
    for (const { request } of released) this.#parts.held.end(request.queue);
    this.#arm();
    return released;
  }

  #hold(held: Waiting): void {
    insert(this.#heap, held);
    if (this.#heap[0] === held) this.#arm();
    this.#parts.held.begin(held.reservation.request.queue);
  }

  #fire(): void {
    for (let first = this.#heap[0]; first && first.at <= this.#parts.clock.now(); first = this.#heap[0]) {
      removeFirst(this.#heap);
      this.#parts.held.end(first.reservation.request.queue);
      this.#parts.next(first.reservation);
    }
    this.#arm();
  }

  #arm(): void {
    this.#cancelTimer?.();
    const [first] = this.#heap;
    if (first === undefined) {
      this.#cancelTimer = null;
      return;
    }
    const delayMs = Math.min(Math.max(0, first.at - this.#parts.clock.now()), lookAgainMs);
    this.#cancelTimer = this.#parts.clock.setTimer(delayMs, () => this.#fire());
  }
}

function insert(heap: Waiting[], held: Waiting): void {
  let at = heap.push(held) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (isFirst(heap, above, at)) return;
    swap(heap, above, at);
    at = above;
  }
}

function removeFirst(heap: Waiting[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let at = 0;
  for (;;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const below = right < heap.length && !isFirst(heap, left, right) ? right : left;
    if (below >= heap.length || isFirst(heap, at, below)) return;
    swap(heap, at, below);
    at = below;
  }
}

function isFirst(heap: readonly Waiting[], one: number, other: number): boolean {
  return (heap[one]?.at ?? Infinity) <= (heap[other]?.at ?? Infinity);
}

function swap(heap: Waiting[], one: number, other: number): void {
  const [first, second] = [heap[one], heap[other]];
  if (first === undefined || second === undefined) return;
  heap[one] = second;
  heap[other] = first;
}
