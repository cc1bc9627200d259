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

  /** A new channel, or one that is no longer blocked: all counts from now on. */
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
