import type { WireMessage } from "@leveret/celery-protocol";
import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import type { Logger } from "../ports/logger.ts";
import type {
  BrowseOptions,
  ConnectOptions,
  DeclareMode,
  Delivery,
  Publisher,
  PublishOptions,
  QueueInfo,
  SubscribeOptions,
  Subscription,
  Transport,
  TransportState,
} from "../ports/transport.ts";
import { CeleryError } from "../ports/errors.ts";
import { systemClock, systemIds } from "../system/clock.ts";
import { browseQueue } from "./browse.ts";
import { type AmqpParts, Connection } from "./connection.ts";
import { pause, settledWithin } from "./deadline.ts";
import { isQueueAway } from "./errors.ts";
import type { Link, RequestLimit } from "./link.ts";
import type { AmqpOptions } from "../ports/connection.ts";
import { type ResolvedAmqp, resolveAmqp } from "./options.ts";
import { AmqpPublisher } from "./publisher.ts";
import { AmqpSubscription } from "./subscription.ts";
import { type BrokerHabits, declareTopology, deleteQueue, inspectQueue, purgeQueue } from "./topology.ts";

/**
 * A transport over AMQP 0-9-1 with two connections: an alarm of the broker blocks the publishing one, with every
 * request on it; consumers, their acks and declarations continue on the other.
 */
class AmqpTransport implements Transport {
  readonly publisher: Publisher;
  readonly #options: ResolvedAmqp;
  readonly #parts: AmqpParts;
  readonly #publishing: Connection;
  readonly #consuming: Connection;
  /** Two channels of one connection: a message to a queue that is cut off blocks its channel (RabbitMQ 4.3). */
  readonly #lasting: AmqpPublisher;
  /** For messages with an answer timeout. */
  readonly #passing: AmqpPublisher;
  readonly #habits: BrokerHabits = { deniesTransient: false };
  readonly #subscriptions = new Set<AmqpSubscription>();
  /** Cancelled, with unsettled deliveries or acks that are not sent yet. */
  readonly #leaving = new Set<AmqpSubscription>();
  readonly #listeners = new Set<(state: TransportState) => void>();
  #state: TransportState = "idle";
  readonly #stopping = new AbortController();
  #closing: Promise<void> | null = null;

  constructor(options: ResolvedAmqp, parts: AmqpParts) {
    this.#options = options;
    this.#parts = parts;
    this.#publishing = new Connection("publish", options, parts, (state) => this.#onPublishingState(state));
    this.#consuming = new Connection("consume", options, parts, (state) => this.#onConsumingState(state));
    this.#lasting = new AmqpPublisher(this.#publishing, options, parts, () => this.#repliesRestored());
    this.#passing = new AmqpPublisher(this.#publishing, options, parts, () => Promise.resolve());
    this.publisher = { publish: (message, to, how) => this.#outboxFor(how).publish(message, to, how) };
  }

  get state(): TransportState {
    return this.#state;
  }

  #outboxFor(options: PublishOptions | undefined): AmqpPublisher {
    return options?.answerTimeoutMs === undefined ? this.#lasting : this.#passing;
  }

  async connect(options: ConnectOptions = {}): Promise<void> {
    const retry = options.retry ?? false;
    const connections = [this.#publishing, this.#consuming];
    const outcomes = await Promise.allSettled(connections.map((connection) => connection.connect(retry)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return;
    await Promise.all(connections.map((connection) => connection.disconnect()));
    throw failed.reason;
  }

  async declare(topology: BrokerTopology, mode: DeclareMode = "active"): Promise<void> {
    const { logger, clock } = this.#parts;
    const parts = { logger, habits: this.#habits, limit: this.#limit };
    const deadline = clock.monotonicMs() + this.#options.rpcTimeoutMs;
    const isExclusive = topology.queues.some(({ exclusive }) => exclusive);
    for (let attempt = 0; ; attempt += 1) {
      const connection = isExclusive ? this.#consuming : this.#declaring(attempt);
      try {
        return await connection.use("declare queues", (link) => declareTopology(link, topology, mode, parts));
      } catch (error) {
        const isLate = clock.monotonicMs() + ASK_AGAIN_MS > deadline;
        if (isUnanswered(error)) this.#probe();
        if (isLate || !(isQueueAway(error) || isUnanswered(error))) throw error;
        await pause(clock, ASK_AGAIN_MS, this.#stopping.signal);
      }
    }
  }

  /**
   * Another node may accept a declaration that one refuses: attempts alternate between the two connections, where both
   * are open.
   */
  #declaring(attempt: number): Connection {
    const [usual, other] = [this.#consuming, this.#publishing];
    if (other.state !== "open") return usual;
    return usual.state !== "open" || attempt % 2 === 1 ? other : usual;
  }

  /** For a request about one queue: a missing answer is no reason to leave the node. */
  get #limit(): RequestLimit {
    return { timeoutMs: Math.min(REQUEST_MS, this.#options.rpcTimeoutMs) };
  }

  /** Probes both connections and drops dead ones. */
  #probe(): void {
    for (const connection of [this.#consuming, this.#publishing]) void connection.probe(PROBE_MS);
  }

  async #ask<T>(what: string, work: (link: Link, limit: RequestLimit) => Promise<T>): Promise<T> {
    const limit = this.#limit;
    try {
      return await this.#consuming.use(what, (link) => work(link, limit));
    } catch (error) {
      if (isUnanswered(error)) this.#probe();
      throw error;
    }
  }

  async inspectQueue(name: string): Promise<QueueInfo | null> {
    const { logger } = this.#parts;
    return this.#ask(`inspect queue "${name}"`, (link, limit) => inspectQueue(link, name, logger, limit));
  }

  async deleteQueue(name: string): Promise<void> {
    const { logger } = this.#parts;
    await this.#consuming.use(`delete queue "${name}"`, (link) => deleteQueue(link, name, logger));
  }

  async browse(options: BrowseOptions): Promise<readonly WireMessage[] | null> {
    return this.#ask(`read queue "${options.queue}"`, (link, limit) =>
      browseQueue(link, options, this.#parts.clock, limit),
    );
  }

  async purgeQueue(name: string): Promise<number> {
    const { logger } = this.#parts;
    return this.#consuming.use(`purge queue "${name}"`, (link) => purgeQueue(link, name, logger));
  }

  async subscribe(subscribe: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription> {
    const { declare = "active" } = subscribe;
    const { logger } = this.#parts;
    const subscription = await AmqpSubscription.open({
      connection: this.#consuming,
      options: this.#options,
      parts: this.#parts,
      subscribe,
      onDelivery,
      declare: (link, topology, limit) =>
        declareTopology(link, topology, declare, { logger, habits: this.#habits, limit }),
      publish: (message, to, how) => this.#outboxFor(how).publish(message, to, how),
      isLeft: (address) => this.#lasting.hasLeft(address),
      inspect: (link, queue) => inspectQueue(link, queue, logger, { timeoutMs: PROBE_MS }),
      onCancel: (cancelled) => this.#onCancel(cancelled),
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  onState(listener: (state: TransportState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#stopping.abort();
    this.#closing ??= this.#close(this.#options.closeTimeoutMs);
    return this.#closing;
  }

  /** Cancels consumers, finishes publishes, then closes the connections, so that acks are still sent. */
  async #close(timeoutMs: number): Promise<void> {
    this.#move("closing");
    const endsAt = this.#parts.clock.monotonicMs() + timeoutMs;
    const left = () => Math.max(1, endsAt - this.#parts.clock.monotonicMs());
    const cancelled = [...this.#subscriptions].map((subscription) => subscription.cancel());
    await settledWithin(this.#parts.clock, timeoutMs / 3, Promise.all(cancelled));
    await Promise.all([this.#lasting, this.#passing].map((each) => each.close(left() / 2)));
    await settledWithin(this.#parts.clock, Math.min(ACK_GRACE_MS, left() / 2), this.#acksSent());
    await Promise.all([this.#publishing.close(left()), this.#consuming.close(left())]);
    this.#move("closed");
  }

  #onCancel(subscription: AmqpSubscription): void {
    this.#subscriptions.delete(subscription);
    this.#leaving.add(subscription);
    void subscription.drained.then(() => this.#leaving.delete(subscription));
  }

  /** amqplib sends the frames of all channels in turn: `connection.close` can overtake an earlier ack. */
  async #acksSent(): Promise<void> {
    await Promise.all([...this.#leaving].map((subscription) => subscription.drained));
  }

  /**
   * After a loss, consumers of replies are restored before publishing; a consumer that cannot be restored delays
   * senders only for a while.
   */
  async #repliesRestored(): Promise<void> {
    const restored = [...this.#subscriptions].map((subscription) => subscription.restored);
    await settledWithin(this.#parts.clock, RESTORE_GRACE_MS, Promise.all(restored));
  }

  #onPublishingState(state: TransportState): void {
    this.#update();
    if (state === "open") for (const each of [this.#lasting, this.#passing]) each.onUnblocked();
    if (state === "connecting") void this.#consuming.probe(PROBE_MS);
  }

  /** Connections to one node die together, and each may notice it late. */
  #onConsumingState(state: TransportState): void {
    this.#update();
    if (state === "connecting") void this.#publishing.probe(PROBE_MS);
  }

  #update(): void {
    if (this.#closing === null) this.#move(together(this.#publishing.state, this.#consuming.state));
  }

  #move(state: TransportState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) this.#tell(listener, state);
  }

  #tell(listener: (state: TransportState) => void, state: TransportState): void {
    try {
      listener(state);
    } catch (error) {
      this.#parts.logger.error("a listener of the transport's state failed", { error });
    }
  }
}

/** The longest that a request about one queue waits. */
const REQUEST_MS = 5_000;

/** The longest that a node takes to open a channel. */
const PROBE_MS = 3_000;

/** Pause before a request about a queue on a node that is down is repeated. */
const ASK_AGAIN_MS = 500;

/** How long a close waits for acks of unsettled deliveries. */
const ACK_GRACE_MS = 500;

/** How long senders wait for consumers to be restored. */
const RESTORE_GRACE_MS = 2000;

function isUnanswered(error: unknown): boolean {
  return error instanceof CeleryError && error.code === "rpc-timeout";
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The transport is open when both connections are, and blocked when one is. */
function together(publishing: TransportState, consuming: TransportState): TransportState {
  const states = new Set([publishing, consuming]);
  if (states.has("connecting")) return "connecting";
  if (states.has("idle")) return "idle";
  return states.has("blocked") ? "blocked" : "open";
}

/**
 * A transport to RabbitMQ. It does nothing before `connect`. Defaults of `parts`: the system clock, random ids, no log.
 *
 * @throws CeleryError with code `option-invalid`.
 */
export function createAmqpTransport(options: AmqpOptions, parts: Partial<AmqpParts> = {}): Transport {
  const { clock = systemClock, ids = systemIds, logger = SILENT } = parts;
  return new AmqpTransport(resolveAmqp(options), { clock, ids, logger });
}
