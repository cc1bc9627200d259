import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { PublishQueues } from "./publish-queues.ts";
import type { Link } from "./link.ts";
import type { Pending } from "./pending.ts";
import type { PublishSession } from "./publish-session.ts";
import { StuckDestinations } from "./stuck.ts";

/** The publisher's side of `StuckChannels`. */
export interface StuckChannelsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queues: PublishQueues;
  /** The channel that is open; null while there is none. */
  readonly session: () => PublishSession | null;
  /** Whether the broker blocks publishes. */
  readonly isBlocked: () => boolean;
  /** Fails a publish with a timeout. */
  readonly expire: (entry: Pending) => void;
}

/**
 * Detects stuck channels and replaces them: the broker answers on the connection and not on the channel. RabbitMQ 4.3
 * blocks a channel that published to a queue on a node that is cut off, until it notices the loss (`net_ticktime`, 60
 * s).
 */
export class StuckChannels {
  readonly #parts: StuckChannelsParts;
  readonly #destinations = new StuckDestinations();
  /** The link on which a channel without any answer was replaced. */
  #renewedOn: Link | null = null;
  #heardAt = 0;
  #isLookedInto = false;

  constructor(parts: StuckChannelsParts) {
    this.#parts = parts;
  }

  /** When the broker confirmed or refused a message last, on the monotonic clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** The broker has confirmed or refused a message. */
  onAnswer(now: number): void {
    this.#heardAt = now;
  }

  /** Whether the destination of a publish blocked a channel lately: it would block the next one as well. */
  hasStopped({ key }: Pending): boolean {
    return !this.#destinations.isEmpty && this.#destinations.has(key, this.#parts.clock.monotonicMs());
  }

  /**
   * Checks a message past its answer timeout, on a channel that has not answered since: the broker is slow, or the
   * channel is stuck. A channel works in order, so the oldest message without an answer blocks it.
   */
  async lookInto(now: number): Promise<void> {
    const { queues, expire, clock } = this.#parts;
    const session = this.#parts.session();
    const waiting = queues.oldestWritten;
    const culprit = queues.oldestUnanswered;
    if (session === null || session.isClosing || waiting === null || culprit === null) return;
    if (this.#isLookedInto || this.#parts.isBlocked()) return;
    if (now - Math.max(this.#heardAt, waiting.writtenAt) < stuckMs) return;
    if (!(await this.#isStuck(session))) return;
    this.#destinations.add(culprit.key, clock.monotonicMs());
    if (culprit === queues.oldestWritten) expire(culprit);
    this.#leave(session, culprit);
  }

  /**
   * Checks a channel that has answered nothing since it was opened, not even `oldest`. It may have been opened during a
   * leader election: its messages went to the old leader, which is cut off (RabbitMQ 4.3). Done once on a connection,
   * since all publishes in flight are resent.
   */
  async lookIntoNew(session: PublishSession, oldest: Pending): Promise<void> {
    const isKnown = session.hasAnswered || session.link === this.#renewedOn;
    if (isKnown || this.#isLookedInto) return;
    this.#renewedOn = session.link;
    if ((await this.#isStuck(session)) && !session.hasAnswered) this.#leave(session, oldest);
  }

  /** Whether the broker answers on the connection but not on the channel. */
  async #isStuck(session: PublishSession): Promise<boolean> {
    const heardAt = this.#heardAt;
    this.#isLookedInto = true;
    const isAnswered = await session.link.probe(stuckMs);
    this.#isLookedInto = false;
    return isAnswered && this.#parts.session() === session && !session.isClosing && this.#heardAt === heardAt;
  }

  #leave(session: PublishSession, { address: { exchange, routingKey } }: Pending): void {
    const reason = "the broker answers on the connection and not on the channel";
    this.#parts.logger.info("the next messages are published on a new channel", { reason, exchange, routingKey });
    session.close(0);
  }
}

/** A channel without an answer for this long may be stuck. */
const stuckMs = 2_000;
