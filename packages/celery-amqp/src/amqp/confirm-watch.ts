import type { Pending } from "./pending.ts";

/** The deadlines of confirms, in milliseconds. */
export interface ConfirmDeadlines {
  readonly confirmTimeoutMs: number;
  readonly publishTimeoutMs: number;
}

/**
 * Tells a node that takes messages and confirms none from a slow one. Such nodes go on with heartbeats and give no error,
 * so confirms have a deadline of their own: a node that a partition cut off (4.3) confirms nothing. Silence of one
 * destination beside confirms of others accuses no node: its queue is away, or the channel has lost it (3.10, on a channel
 * opened within some 50 ms of the death of the queue's leader), which a new channel on the same connection repairs.
 */
export class ConfirmWatch {
  readonly #deadlines: ConfirmDeadlines;
  #lastConfirmAt = 0;
  #leftStragglerAt = Number.NEGATIVE_INFINITY;
  #openedAt = 0;
  #lastNackAt = Number.NEGATIVE_INFINITY;
  #renewAfterMs = FIRST_RENEWAL_MS;

  constructor(deadlines: ConfirmDeadlines) {
    this.#deadlines = deadlines;
  }

  /** How old a message is that is late. */
  get lateMs(): number {
    return this.#deadlines.confirmTimeoutMs / 5;
  }

  /** When to ask next whether the node is silent, and which messages are late. */
  lookAt(now: number): number {
    return Math.min(this.#silentAt, now + this.lateMs / 2);
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
  }

  /** Whether the node is to be left: messages are due, and nothing was confirmed for the time allowed. */
  isSilent(now: number): boolean {
    return now >= this.#silentAt;
  }

  /**
   * Whether `oldest`, the message that waits longest, was passed over for the time allowed while others were confirmed. A
   * queue may be down whatever the channel, so this is found no more than once in a publish's life.
   */
  isStraggler(now: number, oldest: Pending): boolean {
    const { confirmTimeoutMs, publishTimeoutMs } = this.#deadlines;
    if (now - oldest.writtenAt < confirmTimeoutMs || now - this.#leftStragglerAt < publishTimeoutMs) return false;
    this.#leftStragglerAt = now;
    return true;
  }

  get #silentAt(): number {
    return this.#lastConfirmAt + this.#deadlines.confirmTimeoutMs;
  }
}

/** An election is over by then. */
const FIRST_RENEWAL_MS = 500;

/** Between two tries at most, and without a nack until the tries begin anew. */
const CALM_MS = 30_000;
