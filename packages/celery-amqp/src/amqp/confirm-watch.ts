import type { Pending } from "./pending.ts";

/** The deadlines of confirms, in milliseconds. */
export interface ConfirmDeadlines {
  readonly confirmTimeoutMs: number;
  readonly publishTimeoutMs: number;
}

/**
 * Tells a node that takes messages and confirms none from a slow one. Such nodes go on with heartbeats and give no error,
 * so confirms have a deadline of their own: a node that a partition cut off (4.3) confirms nothing; one that has lost the
 * leader of a queue (3.10, on a channel opened within some 50 ms of the leader's death) nothing for that queue.
 */
export class ConfirmWatch {
  readonly #deadlines: ConfirmDeadlines;
  #lastConfirmAt = 0;
  /** What had waited longest for its confirm when that was looked at last. */
  #oldest: Pending | null = null;
  #oldestSince = 0;
  #leftStragglerAt = Number.NEGATIVE_INFINITY;
  #openedAt = 0;
  #lastNackAt = Number.NEGATIVE_INFINITY;
  #renewAfterMs = FIRST_RENEWAL_MS;

  constructor(deadlines: ConfirmDeadlines) {
    this.#deadlines = deadlines;
  }

  /** When to ask for a complaint next. */
  lookAt(now: number): number {
    return Math.min(this.#silentAt, now + this.#deadlines.confirmTimeoutMs / 2);
  }

  /** A confirm has come, or the first message that waits for one was written. */
  onConfirm(now: number): void {
    this.#lastConfirmAt = now;
  }

  /** A new channel. */
  onOpen(now: number): void {
    this.#openedAt = now;
    this.restart(now);
  }

  /**
   * Whether what a nack says may be the channel's own fault, so that a new one is worth a try: on 3.10 a channel whose first
   * message to a quorum queue comes while that elects a leader is nacked for ever. A full queue nacks too, on every
   * channel: so the tries become rare where they do not help.
   */
  isRenewalDue(now: number): boolean {
    if (now - this.#lastNackAt > CALM_MS) this.#renewAfterMs = FIRST_RENEWAL_MS;
    this.#lastNackAt = now;
    if (now - this.#openedAt < this.#renewAfterMs) return false;
    this.#renewAfterMs = Math.min(2 * this.#renewAfterMs, CALM_MS);
    return true;
  }

  /** All counts from now on: what was held back may flow again. */
  restart(now: number): void {
    this.#lastConfirmAt = now;
    this.#oldest = null;
  }

  /** What the node is to be left for, as words after "has confirmed"; null: it is to be kept. `oldest` is looked at anew each time. */
  complaint(now: number, oldest: Pending | null): string | null {
    const ms = this.#deadlines.confirmTimeoutMs;
    if (now >= this.#silentAt) return `nothing for ${ms} ms`;
    if (!this.#isStraggler(now, oldest) || oldest === null) return null;
    const { exchange, routingKey } = oldest.address;
    return `nothing to exchange "${exchange}", routing key "${routingKey}", for ${ms} ms`;
  }

  get #silentAt(): number {
    return this.#lastConfirmAt + this.#deadlines.confirmTimeoutMs;
  }

  /**
   * A queue may also be down on every node. Then a new connection helps nobody, and doubles what is in flight for other
   * queues: so this is found no more than once in a publish's life.
   */
  #isStraggler(now: number, oldest: Pending | null): boolean {
    if (oldest !== this.#oldest) {
      this.#oldest = oldest;
      this.#oldestSince = now;
      return false;
    }
    const { confirmTimeoutMs, publishTimeoutMs } = this.#deadlines;
    if (now - this.#oldestSince < confirmTimeoutMs || now - this.#leftStragglerAt < publishTimeoutMs) return false;
    this.#leftStragglerAt = now;
    return true;
  }
}

/** An election is over by then. */
const FIRST_RENEWAL_MS = 500;

/** Between two tries at most, and without a nack until the tries begin anew. */
const CALM_MS = 30_000;
