import type { Content } from "@leveret/celery-protocol";
import {
  type ControlMethod,
  type ControlReply,
  type ControlRequest,
  decodeControlReply,
  encodeControlRequest,
} from "@leveret/celery-protocol/control";
import { controlExchange, controlReplyExchange, controlReplyQueue } from "@leveret/celery-protocol/routing";
import type { LogicalClock } from "../events/logical-clock.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Delivery, Subscription, Transport, TransportState } from "../ports/transport.ts";
import { DeclaredExchanges, exclusively } from "./exchanges.ts";
import { Gathering, type ReplyWait } from "./gathering.ts";

/** The dependencies of a broadcaster. */
export interface BroadcasterParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
}

/** A command and its destination. */
export type Broadcast = Pick<ControlRequest, "method" | "arguments" | "destination" | "pattern" | "matcher">;

/**
 * Sends commands of remote control to workers and gathers their replies, by one reply queue that is opened with the first
 * command that wants replies. Source: kombu/pidbox.py `Mailbox`.
 */
export class Broadcaster {
  readonly #parts: BroadcasterParts;
  readonly #exchanges: DeclaredExchanges;
  readonly #gatherings = new Map<string, Gathering>();
  readonly #replyId: string;
  #listening: Promise<Subscription> | null = null;

  constructor(parts: BroadcasterParts) {
    this.#parts = parts;
    this.#exchanges = new DeclaredExchanges(parts.transport);
    this.#replyId = parts.ids.uuid();
  }

  /**
   * Sends a command without a reply; resolves when the broker has confirmed it.
   *
   * @throws CeleryError as publishing and declaring do, `encode-failed`
   */
  async cast(command: Broadcast): Promise<void> {
    await this.#publish({ ...command, ticket: null, replyTo: null, expires: null });
  }

  /**
   * Resolves with the replies that came in time; none is no error.
   *
   * @throws CeleryError as `cast`, and the errors of consuming the reply queue
   */
  async call(command: Broadcast, { timeoutMs, limit }: ReplyWait): Promise<readonly ControlReply[]> {
    const { clock, ids } = this.#parts;
    await this.#listen();
    const ticket = ids.uuid();
    const replyTo = { exchange: controlReplyExchange().name, routingKey: this.#replyId };
    const gathering = new Gathering(limit);
    this.#gatherings.set(ticket, gathering);
    try {
      await this.#publish({ ...command, ticket, replyTo, expires: (clock.now() + timeoutMs) / 1_000 });
      await gathering.within(clock, timeoutMs);
      return gathering.replies;
    } finally {
      this.#gatherings.delete(ticket);
    }
  }

  /** Deletes the reply queue until the next command that wants replies. Never rejects. */
  async rest(): Promise<void> {
    const listening = this.#listening;
    this.#listening = null;
    for (const gathering of this.#gatherings.values()) gathering.end();
    const subscription = await listening?.catch(() => null); // the caller got the error
    await subscription?.cancel().catch(() => {}); // it ends with its connection then
  }

  /**
   * Ends all waiting with the replies that came. May be called twice; never rejects. Without a connection it waits for
   * one: close the transport meanwhile.
   */
  async close(): Promise<void> {
    this.#exchanges.close();
    await this.rest();
  }

  /**
   * A mailbox that is deleted at that moment makes the broker nack a command that all other mailboxes have (RabbitMQ
   * 4.3); Celery's client publishes without confirms. Sent again, it would grow pools twice.
   */
  async #publish(request: Omit<ControlRequest, "clock">): Promise<void> {
    const { transport, content, logicalClock, logger } = this.#parts;
    const exchange = controlExchange();
    await this.#exchanges.ensure(exchange);
    const message = encodeControlRequest({ ...request, clock: logicalClock.forward() }, content);
    const options = { mandatory: false, answerTimeoutMs, resend: repeatable.has(request.method) };
    try {
      await transport.publisher.publish(message, { exchange: exchange.name, routingKey: "" }, options);
    } catch (error) {
      this.#exchanges.onFailed(exchange.name, error);
      if (!isPartlyTaken(error, transport.state)) throw error;
      const { method } = request;
      logger.warn("a mailbox refused a command of remote control", { method, reason: error.message });
    }
  }

  async #listen(): Promise<void> {
    this.#listening ??= this.#subscribe();
    await this.#listening;
  }

  async #subscribe(): Promise<Subscription> {
    const topology = exclusively(controlReplyQueue(this.#replyId));
    const queue = topology.queues[0]?.name ?? "";
    try {
      const own = { isAwaiting: () => this.#gatherings.size > 0 };
      return await this.#parts.transport.subscribe({ queue, prefetch: 0, noAck: true, topology, own }, (delivery) =>
        this.#take(delivery),
      );
    } catch (error) {
      this.#listening = null; // the next one tries again
      throw error;
    }
  }

  #take({ message }: Delivery): void {
    const { content, logicalClock, logger } = this.#parts;
    try {
      const reply = decodeControlReply(message, content);
      logicalClock.adjust(reply.clock);
      if (reply.ticket !== null) this.#gatherings.get(reply.ticket)?.take(reply);
    } catch (error) {
      logger.warn("a reply of remote control cannot be read", { reason: String(error) });
    }
  }
}

/** How long mailboxes may take to accept a command. */
const answerTimeoutMs = 2_000;

/** An unavailable mailbox makes the broker nack, or not confirm, a command that all other mailboxes have. */
function isPartlyTaken(error: unknown, state: TransportState): error is CeleryError {
  if (!(error instanceof CeleryError)) return false;
  return error.code === "publish-nacked" || (error.code === "publish-timeout" && state === "open");
}

/** Idempotent commands. All other commands, custom ones too, are sent at most once. */
const repeatable: ReadonlySet<string> = new Set<ControlMethod>([
  ...(["ping", "stats", "active", "reserved", "scheduled", "registered", "query_task", "active_queues"] as const),
  ...(["conf", "report", "clock", "hello", "revoked"] as const),
  ...(["revoke", "terminate", "revoke_by_stamped_headers", "rate_limit", "time_limit"] as const),
  ...(["add_consumer", "cancel_consumer", "enable_events", "disable_events", "heartbeat", "shutdown"] as const),
]);
