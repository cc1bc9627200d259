import type { QueueLimit } from "../ports/connection.ts";
import { type Pending, PendingQueue } from "./pending.ts";

/** Limits of the queues of publishes. */
export interface PublishLimits {
  readonly maxInFlight: Required<QueueLimit>;
  readonly maxWaiting: Required<QueueLimit>;
}

/**
 * The publishes of one publisher, by their state. `waiting`: for capacity or a channel. `inFlight`: written, not
 * confirmed. `late`: written a while ago and still not confirmed; these count no more against `maxInFlight`. `held`:
 * publishes to a destination with late ones, so that a queue that confirms nothing has at most `maxInFlight` of them.
 * `expired`: their calls have failed, and amqplib keeps them until they are confirmed or their channel closes.
 */
export class PublishQueues {
  readonly waiting: PendingQueue = new PendingQueue();
  readonly inFlight: PendingQueue = new PendingQueue();
  readonly late: PendingQueue = new PendingQueue();
  readonly held: PendingQueue = new PendingQueue();
  readonly expired: PendingQueue = new PendingQueue();
  readonly #limits: PublishLimits;
  readonly #lateKeys = new Map<string, number>();

  constructor(limits: PublishLimits) {
    this.#limits = limits;
  }

  /** How many are written and not confirmed. */
  get unconfirmed(): number {
    return this.inFlight.size + this.late.size + this.expired.size;
  }

  /** How many of these a healthy node must confirm. */
  get due(): number {
    return this.inFlight.due + this.late.due + this.expired.due;
  }

  /** How many are not settled. */
  get open(): number {
    return this.waiting.size + this.held.size + this.inFlight.size + this.late.size;
  }

  /** The publishes that are not written. */
  get unwritten(): number {
    return this.waiting.size + this.held.size;
  }

  /** The message that must be confirmed and has waited longest. */
  get oldestDue(): Pending | null {
    return this.expired.oldestDue ?? this.late.oldestDue ?? this.inFlight.oldestDue;
  }

  /** The written message that waits longest and has not expired. */
  get oldestWritten(): Pending | null {
    return first(this.late, this.inFlight);
  }

  /** The written message that waits longest. */
  get oldestUnanswered(): Pending | null {
    return first(this.expired, this.late, this.inFlight);
  }

  /** Whether so many have expired that their channel must be closed to free them. */
  get isClogged(): boolean {
    return !isWithin(this.expired.size, this.expired.bytes, NOTHING, this.#limits.maxInFlight);
  }

  /** Whether the destination has late messages. */
  isLate(entry: Pending): boolean {
    return this.#lateKeys.size > 0 && this.#lateKeys.has(entry.key);
  }

  canWrite(entry: Pending): boolean {
    const { inFlight, late, expired } = this;
    const { maxInFlight } = this.#limits;
    if (!isWithin(inFlight.size + expired.size, inFlight.bytes + expired.bytes, entry, maxInFlight)) return false;
    return late.size === 0 || isWithin(late.size / LATE_SHARES, late.bytes / LATE_SHARES, entry, maxInFlight);
  }

  canWait(entry: Pending): boolean {
    const bytes = this.waiting.bytes + this.held.bytes;
    return isWithin(this.unwritten, bytes, entry, this.#limits.maxWaiting);
  }

  /** Removes a message from those in flight. False: it had expired before. */
  takeFlying(entry: Pending): boolean {
    if (this.inFlight.delete(entry)) return true;
    if (this.late.size === 0 || !this.late.delete(entry)) return false;
    this.#release(entry.key);
    return true;
  }

  /** Removes a message from its queue. */
  drop(entry: Pending): void {
    if (this.takeFlying(entry) || this.waiting.delete(entry)) return;
    this.held.delete(entry);
  }

  /** Marks messages written before `writtenBefore` as late. */
  age(writtenBefore: number): void {
    for (const entry of this.inFlight) {
      if (entry.writtenAt > writtenBefore) return;
      this.setLate(entry);
    }
  }

  setLate(entry: Pending): void {
    if (!this.inFlight.delete(entry)) return;
    this.late.add(entry);
    this.#lateKeys.set(entry.key, (this.#lateKeys.get(entry.key) ?? 0) + 1);
  }

  /** All messages in flight, oldest first, when their channel closes. Messages in `held` wait again. */
  takeFlight(): readonly Pending[] {
    this.expired.takeAll();
    this.#lateKeys.clear();
    const entries = [...this.late.takeAll(), ...this.inFlight.takeAll()];
    for (const entry of entries) entry.writtenAt = Number.POSITIVE_INFINITY;
    this.waiting.prepend(this.held.takeAll());
    return entries;
  }

  takeAll(): readonly Pending[] {
    return [...this.takeFlight(), ...this.waiting.takeAll()];
  }

  /**
   * The messages whose deadline has passed at `now`. An answer timeout counts only if the broker has confirmed another
   * message since (`heardAt`): missing confirms of all messages are not the fault of one queue.
   */
  sweep(now: number, heardAt: number): Sweep {
    const overdue: Pending[] = [];
    let next = Number.POSITIVE_INFINITY;
    let isUnsure = false;
    for (const line of [this.late, this.inFlight, this.held, this.waiting]) {
      for (const entry of line) {
        if (entry.endsAt > now) next = Math.min(next, entry.endsAt);
        else if (entry.deadline <= now || heardAt > entry.writtenAt) overdue.push(entry);
        else isUnsure = true;
      }
    }
    return { overdue, next, isUnsure };
  }

  /** After a confirm or the end of a late message its destination accepts messages again. */
  #release(key: string): void {
    const left = (this.#lateKeys.get(key) ?? 1) - 1;
    if (left > 0) this.#lateKeys.set(key, left);
    else this.#lateKeys.delete(key);
    if (this.held.size === 0) return;
    const freed = [...this.held].filter((entry) => entry.key === key);
    for (const entry of freed) this.held.delete(entry);
    this.waiting.prepend(freed);
  }
}

/** The result of a sweep. */
export interface Sweep {
  readonly overdue: readonly Pending[];
  /** The next deadline known now. */
  readonly next: number;
  /** A message has passed its answer timeout, and the broker has confirmed nothing since. */
  readonly isUnsure: boolean;
}

function first(...lines: readonly PendingQueue[]): Pending | null {
  for (const line of lines) for (const entry of line) return entry;
  return null;
}

interface Sized {
  readonly bytes: number;
}

const NOTHING: Sized = { bytes: 0 };

/** Late messages may be this many times `maxInFlight`: one destination fills it once at most. */
const LATE_SHARES = 4;

function isWithin(messages: number, bytes: number, entry: Sized, limit: Required<QueueLimit>): boolean {
  // A message larger than the limit is sent alone.
  return messages === 0 || (messages < limit.messages && bytes + entry.bytes <= limit.bytes);
}
