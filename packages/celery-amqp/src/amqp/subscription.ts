import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { CancelOptions, Delivery, SubscribeOptions, Subscription } from "../ports/transport.ts";
import { Backoff } from "./backoff.ts";
import type { AmqpParts, Connection } from "./connection.ts";
import { Consumer } from "./consumer.ts";
import { isQueueAway, lossReason, replyCode } from "./errors.ts";
import type { Link, RequestLimit } from "./link.ts";
import type { ResolvedAmqp } from "./options.ts";
import { OwnName } from "./own-queue.ts";
import { pause } from "./deadline.ts";
import { Proof, type ProofParts } from "./proof.ts";
import { supervise } from "./supervise.ts";

/** The dependencies of a subscription. */
export interface SubscriptionParts {
  readonly connection: Connection;
  readonly options: ResolvedAmqp;
  readonly parts: AmqpParts;
  readonly subscribe: SubscribeOptions;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Declares the topology of the subscription, on the link it will consume on. */
  readonly declare: (link: Link, topology: BrokerTopology, limit: RequestLimit | undefined) => Promise<void>;
  readonly publish: ProofParts["publish"];
  readonly inspect: ProofParts["inspect"];
  readonly isLeft: ProofParts["isLeft"];
  /** Called once, when it is cancelled. */
  readonly onCancel: (subscription: AmqpSubscription) => void;
}

/** Another program may delete a queue between its declaration and its consumer, repeatedly. */
const maxAttempts = 5;

/** An own queue has got another name by then. */
const ownAttempts = 8;

/** For each request about an own queue, which can take another name. */
const ownLimit: RequestLimit = { timeoutMs: 2_000 };

/** For each request about any other queue, once it was consumed. */
const againLimit: RequestLimit = { timeoutMs: 5_000 };

/** Pause before the first attempt is repeated. */
const againMs = 200;

/** A consumer that is restored after every loss: of the connection, of its channel, of its queue. */
export class AmqpSubscription implements Subscription {
  readonly #made: SubscriptionParts;
  readonly #stopping = new AbortController();
  readonly #own: OwnName | null;
  readonly #proof: Proof | null;
  #consumer: Consumer | null = null;
  #wasOpen = false;
  /** Attempts in a row without an answer of the broker. */
  #unanswered = 0;
  #isRestored = Promise.withResolvers<void>();
  readonly #isDrained = Promise.withResolvers<void>();

  private constructor(made: SubscriptionParts) {
    this.#made = made;
    const { own, topology, noAck } = made.subscribe;
    this.#own = own === undefined || topology === undefined ? null : new OwnName(topology);
    const isOwn = this.#own !== null;
    this.#proof =
      isOwn || noAck !== true
        ? new Proof({ ...made, clock: made.parts.clock, isOwn, isAwaiting: () => own?.isAwaiting?.() ?? false })
        : null;
  }

  get #queue(): string {
    return this.#own?.queue ?? this.#made.subscribe.queue;
  }

  /**
   * Resolves once the broker has accepted the consumer, or has answered that the queue is on a node that is down: then
   * it is consumed when that node is back, as after a later loss.
   *
   * @throws CeleryError for any other answer of the broker
   */
  static async open(made: SubscriptionParts): Promise<AmqpSubscription> {
    const subscription = new AmqpSubscription(made);
    void subscription.#keepOpen(await subscription.#openFirst());
    return subscription;
  }

  get isConsuming(): boolean {
    return this.#consumer !== null && !this.#stopping.signal.aborted;
  }

  get drained(): Promise<void> {
    return this.#isDrained.promise;
  }

  /** Resolves while it consumes, and when it was cancelled. */
  get restored(): Promise<void> {
    return this.#isRestored.promise;
  }

  async cancel({ giveBack = false }: CancelOptions = {}): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#made.onCancel(this);
    this.#isRestored.resolve();
    const consumer = this.#consumer;
    if (consumer === null) return this.#isDrained.resolve();
    await (giveBack ? consumer.abandon() : consumer.retire());
    void consumer.ended.then(() => this.#isDrained.resolve());
  }

  async #openFirst(): Promise<Consumer | null> {
    const { connection, parts } = this.#made;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await connection.use(`consume queue "${this.#queue}"`, (link) => this.#open(link));
      } catch (error) {
        if (this.#own !== null && isOutOfReach(error) && attempt < ownAttempts) {
          await pause(parts.clock, againMs, this.#stopping.signal);
          continue;
        }
        if (this.#wasDeleted(error) && attempt < maxAttempts) continue;
        if (!isQueueAway(error)) throw error;
        this.#warn("the queue is not consumed yet, trying again", error);
        return null;
      }
    }
  }

  /** Whether the queue was deleted between its declaration and its consumer. */
  #wasDeleted(error: unknown): boolean {
    const { topology, declare = "active" } = this.#made.subscribe;
    return topology !== undefined && declare === "active" && !isQueueAway(error) && replyCode(error) === 404;
  }

  #keepOpen(first: Consumer | null): Promise<void> {
    const { connection, options, parts } = this.#made;
    return supervise(
      {
        connection,
        backoff: new Backoff(options.backoff, parts.ids),
        clock: parts.clock,
        stopping: this.#stopping.signal,
        open: (link) => this.#reopen(link),
        onEnded: (reason) => this.#onEnded(reason),
        onFailed: (error, retryInMs) => this.#warn("the queue cannot be consumed, trying again", error, retryInMs),
      },
      first,
    );
  }

  async #open(link: Link): Promise<Consumer> {
    const { subscribe, parts, declare } = this.#made;
    const limit = this.#own !== null ? ownLimit : this.#wasOpen ? againLimit : undefined;
    const { declared } = link;
    const topology = this.#own?.topology ?? subscribe.topology;
    const isWanted = () => !this.#stopping.signal.aborted;
    const { logger, clock } = parts;
    const options = { ...subscribe, queue: this.#queue };
    try {
      if (topology !== undefined) await declare(link, topology, limit);
      const onDelivery = this.#onDelivery;
      const consumer = await Consumer.open(link, { options, onDelivery, isWanted, logger, clock, limit });
      this.#onOpened(consumer);
      if (!isWanted()) await consumer.retire();
      return consumer;
    } catch (error) {
      this.#renameIfStuck(error);
      if (this.#isNodeAtFault(error, link, declared)) link.kill(lossReason(error));
      throw error;
    }
  }

  /**
   * A node that answers no declaration is cut off; one that answers other declarations may have lost only this queue.
   */
  #isNodeAtFault(error: unknown, link: Link, declared: number): boolean {
    if (!(error instanceof CeleryError) || error.code !== "rpc-timeout" || link.isLost) return false;
    this.#unanswered += 1;
    if (this.#own === null) return this.#wasOpen && link.declared === declared;
    return this.#unanswered > 1;
  }

  #onOpened(consumer: Consumer): void {
    this.#unanswered = 0;
    this.#wasOpen = true;
    this.#own?.onOpened();
    this.#consumer = consumer;
    this.#isRestored.resolve();
    if (this.#proof === null) return;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    this.#stopping.signal.addEventListener("abort", end);
    void consumer.ended.then(end);
    void this.#proof.watch(consumer, this.#queue, ending.signal).finally(() => {
      this.#stopping.signal.removeEventListener("abort", end);
    });
  }

  get #onDelivery(): (delivery: Delivery) => void {
    const { onDelivery } = this.#made;
    const proof = this.#proof;
    if (this.#own === null || proof === null) return onDelivery;
    return (delivery) => (proof.take(delivery) ? undefined : onDelivery(delivery));
  }

  #renameIfStuck(error: unknown): void {
    if (this.#own?.isStuck(error, this.#made.parts.clock.monotonicMs()) === true) this.#rename(this.#own, error);
  }

  #rename(own: OwnName, reason: unknown): void {
    const { subscribe, parts } = this.#made;
    const from = own.queue;
    own.rename();
    parts.logger.warn("the queue is unavailable, the subscription takes another name", {
      queue: from,
      name: own.queue,
      reason: lossReason(reason).message,
    });
    this.#notify(() => subscribe.own?.onRenamed?.(own.queue));
  }

  async #reopen(link: Link): Promise<Consumer> {
    const consumer = await this.#open(link);
    const { subscribe, parts } = this.#made;
    parts.logger.info("the queue is consumed again", { queue: this.#queue, epoch: link.epoch });
    if (this.isConsuming) this.#notify(() => subscribe.onRestored?.());
    return consumer;
  }

  #onEnded(reason: Error): void {
    if (this.#own !== null && this.#proof?.isDoubted === true) this.#rename(this.#own, reason);
    // Deliveries of the old consumer may still be settled if its channel is open.
    void this.#consumer?.retire();
    this.#consumer = null;
    this.#isRestored = Promise.withResolvers();
    this.#warn("the queue is no longer consumed, trying again", reason);
    this.#notify(() => this.#made.subscribe.onLost?.(lossReason(reason)));
  }

  /** An error of a listener must not end the supervision. */
  #notify(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#made.parts.logger.error("a listener of the subscription failed", {
        queue: this.#made.subscribe.queue,
        error,
      });
    }
  }

  #warn(message: string, error: unknown, retryInMs?: number): void {
    const { parts } = this.#made;
    const fields = { queue: this.#queue, reason: lossReason(error).message };
    parts.logger.warn(message, retryInMs === undefined ? fields : { ...fields, retryInMs });
  }
}

function isOutOfReach(error: unknown): boolean {
  return isQueueAway(error) || (error instanceof CeleryError && error.code === "rpc-timeout");
}
