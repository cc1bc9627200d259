import type { Pending } from "./pending.ts";

/** The deadlines of confirms, in milliseconds. */
export interface ConfirmDeadlines {
  readonly confirmTimeoutMs: number;
  readonly publishTimeoutMs: number;
}

/**
 * Detects a node that accepts messages and confirms none. Such a node still sends heartbeats and no error, so confirms
 * have a deadline of their own: a node that a partition cut off (4.3) confirms nothing. Missing confirms for one
 * destination, while other destinations get theirs, are not the node's fault: the queue is unavailable, or the channel
 * has lost it (3.10, on a channel opened within some 50 ms of the death of the queue's leader), which a new channel on
 * the same connection repairs.
 */
export class ConfirmWatch {
  readonly #deadlines: ConfirmDeadlines;
  #lastConfirmAt = 0;
  #leftStragglerAt = Number.NEGATIVE_INFINITY;
  #openedAt = 0;
  #lastNackAt = Number.NEGATIVE_INFINITY;
  #renewAfterMs = FIRST_RENEWAL_MS;
  #hurriedNodes = 0;

  constructor(deadlines: ConfirmDeadlines) {
    this.#deadlines = deadlines;
  }

  /** Age from which a message without a confirm is late, in milliseconds. */
  get lateMs(): number {
    return this.#deadlines.confirmTimeoutMs / 5;
  }

  /** The time of the next check for a silent node and for late messages. */
  lookAt(now: number): number {
    return Math.min(this.#silentAt, now + this.lateMs / 2);
  }

  onConfirm(now: number): void {
    this.#lastConfirmAt = now;
    this.#hurriedNodes = 0;
  }

  /**
   * The node was left for its silence, for one of `otherNodes`. Each of these has less time, once: after an election
   * that outlasts the deadline a healthy node may have been left for the partitioned one.
   */
  onLeave(otherNodes: number): void {
    this.#hurriedNodes = this.#hurriedNodes > 0 ? this.#hurriedNodes - 1 : otherNodes;
  }

  /** Time without any confirm after which the node is left, in milliseconds. */
  get silentMs(): number {
    return this.#hurriedNodes > 0 ? this.lateMs : this.#deadlines.confirmTimeoutMs;
  }

  /** Time in which a new channel must answer its first message, in milliseconds. */
  get firstAnswerMs(): number {
    return this.lateMs / (this.#hurriedNodes > 0 ? 2 : 1);
  }

  /** A new channel. */
  onOpen(now: number): void {
    this.#openedAt = now;
    this.restart(now);
  }

  /**
   * Whether a nack may be the channel's fault, so that a new channel may help: on 3.10 a channel whose first message to
   * a quorum queue comes during a leader election is nacked forever. A full queue nacks on every channel, so new
   * channels become rare while they do not help.
   */
  isRenewalDue(now: number): boolean {
    if (now - this.#lastNackAt > CALM_MS) this.#renewAfterMs = FIRST_RENEWAL_MS;
    this.#lastNackAt = now;
    if (now - this.#openedAt < this.#renewAfterMs) return false;
    this.#renewAfterMs = Math.min(2 * this.#renewAfterMs, CALM_MS);
    return true;
  }

  /** Restarts all deadlines: the first message that waits for a confirm was written, or publishes were blocked. */
  restart(now: number): void {
    this.#lastConfirmAt = now;
  }

  /** Whether to leave the node: messages are due, and nothing was confirmed within the deadline. */
  isSilent(now: number): boolean {
    return now >= this.#silentAt;
  }

  /**
   * Whether `oldest`, the message that waits longest, got no confirm within the deadline while other messages got
   * theirs. The queue may be down on any channel, so this is reported at most once for a publish.
   */
  isStraggler(now: number, oldest: Pending): boolean {
    const { confirmTimeoutMs, publishTimeoutMs } = this.#deadlines;
    if (now - oldest.writtenAt < confirmTimeoutMs || now - this.#leftStragglerAt < publishTimeoutMs) return false;
    this.#leftStragglerAt = now;
    return true;
  }

  get #silentAt(): number {
    return this.#lastConfirmAt + this.silentMs;
  }
}

/** An election is over by then. */
const FIRST_RENEWAL_MS = 500;

/** Between two tries at most, and without a nack until the tries begin anew. */
const CALM_MS = 30_000;
