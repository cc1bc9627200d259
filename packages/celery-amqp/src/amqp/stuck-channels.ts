import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { PublishLines } from "./lines.ts";
import type { Link } from "./link.ts";
import type { Pending } from "./pending.ts";
import type { PublishSession } from "./publish-session.ts";
import { StuckDestinations } from "./stuck.ts";

/** What finding stuck channels needs of a publisher. */
export interface StuckChannelsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lines: PublishLines;
  /** The channel that is open; null while there is none. */
  readonly session: () => PublishSession | null;
  /** Whether the broker takes no publishes. */
  readonly isBlocked: () => boolean;
  /** Fails a publish as one whose time to be confirmed is over. */
  readonly expire: (entry: Pending) => void;
}

/**
 * Finds channels that are stuck, and leaves them for new ones: the broker answers on the connection and not on the channel.
 * RabbitMQ 4.3 stops a channel for as long as it takes to notice that a node is cut off (`net_ticktime`, 60 s) where a message
 * goes to a queue on that node.
 */
export class StuckChannels {
  readonly #parts: StuckChannelsParts;
  readonly #destinations = new StuckDestinations();
  /** The link on which a channel that had answered nothing was opened anew. */
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

  /** Whether a publish goes to a destination that stopped a channel lately: it would stop the next one as well. */
  hasStopped({ key }: Pending): boolean {
    return !this.#destinations.isEmpty && this.#destinations.has(key, this.#parts.clock.monotonicMs());
  }

  /**
   * Looks into a message whose time to be answered is over, on a channel that has not answered since: the broker is slow, or
   * the channel is stuck. Channels work in order, so the oldest message without an answer is the one.
   */
  async lookInto(now: number): Promise<void> {
    const { lines, expire, clock } = this.#parts;
    const session = this.#parts.session();
    const waiting = lines.oldestWritten;
    const culprit = lines.oldestUnanswered;
    if (session === null || session.isClosing || waiting === null || culprit === null) return;
    if (this.#isLookedInto || this.#parts.isBlocked()) return;
    if (now - Math.max(this.#heardAt, waiting.writtenAt) < stuckMs) return;
    if (!(await this.#isStuck(session))) return;
    this.#destinations.add(culprit.key, clock.monotonicMs());
    if (culprit === lines.oldestWritten) expire(culprit);
    this.#leave(session, culprit);
  }

  /**
   * Looks into a channel that has answered nothing since it was opened, while `oldest` waited for `silentMs`. It may have been
   * opened while a queue elected its leader: its messages went to the leader that is cut off (RabbitMQ 4.3). Tried once on a
   * connection, as what is in flight goes again.
   */
  async lookIntoNew(session: PublishSession, oldest: Pending, silentMs: number): Promise<void> {
    const isKnown = session.hasAnswered || session.link === this.#renewedOn;
    if (isKnown || this.#isLookedInto || silentMs < stuckMs) return;
    this.#renewedOn = session.link;
    if ((await this.#isStuck(session)) && !session.hasAnswered) this.#leave(session, oldest);
  }

  /** Whether the broker answers on the connection and has not answered on the channel meanwhile. */
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

/** A channel that has answered nothing for so long may be stuck. */
const stuckMs = 2_000;
