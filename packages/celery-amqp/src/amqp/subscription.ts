import type { BrokerTopology } from "@leveret/celery-protocol";
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

/** What a subscription is made of. */
export interface SubscriptionParts {
  readonly connection: Connection;
  readonly options: ResolvedAmqp;
  readonly parts: AmqpParts;
  readonly subscribe: SubscribeOptions;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Declares what the subscription needs, on the link it will consume on. */
  readonly declare: (link: Link, topology: BrokerTopology, limit: RequestLimit | undefined) => Promise<void>;
  readonly publish: ProofParts["publish"];
  readonly inspect: ProofParts["inspect"];
  readonly isLeft: ProofParts["isLeft"];
  /** Called once, when it is cancelled. */
  readonly onCancel: (subscription: AmqpSubscription) => void;
}

/** Someone may delete a queue between its declaration and its consumer, again and again. */
const maxAttempts = 5;

/** A queue of its own has another name by then. */
const ownAttempts = 8;

/** For each request about a queue of its own: another name is soon taken. */
const ownLimit: RequestLimit = { timeoutMs: 2_000 };

/** For each request about another queue, once it was consumed. */
const againLimit: RequestLimit = { timeoutMs: 5_000 };

/** Before a first attempt is made again. */
const againMs = 200;

/** A consumer that is brought back after every loss: of the connection, of its channel, of its queue. */
export class AmqpSubscription implements Subscription {
  readonly #made: SubscriptionParts;
  readonly #stopping = new AbortController();
  readonly #own: OwnName | null;
  readonly #proof: Proof | null;
  #consumer: Consumer | null = null;
  #wasOpen = false;
  /** Attempts in a row that the broker did not answer. */
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
   * Resolves once the broker has accepted the consumer, or has said that the queue is on a node that is down: then it is
   * consumed when that node is back, as it would be had it gone later.
   *
   * @throws CeleryError what the broker answers instead
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

  /** Resolves when it consumes, again or still; also when it was cancelled. */
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
        this.#warn("is not consumed yet, trying on", error);
        return null;
      }
    }
  }

  /** Whether what it declares was gone again when it was to be consumed. */
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
        onFailed: (error, retryInMs) => this.#warn("cannot be consumed", error, retryInMs),
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

  /** A node that answers for nothing is cut off; one that answers for others may have lost one queue alone. */
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
    parts.logger.warn("a queue is out of reach, the subscription takes another name", {
      queue: from,
      name: own.queue,
      reason: lossReason(reason).message,
    });
    this.#tell(() => subscribe.own?.onRenamed?.(own.queue));
  }

  async #reopen(link: Link): Promise<Consumer> {
    const consumer = await this.#open(link);
    const { subscribe, parts } = this.#made;
    parts.logger.info(`The queue "${this.#queue}" is consumed again`, { epoch: link.epoch });
    if (this.isConsuming) this.#tell(() => subscribe.onRestored?.());
    return consumer;
  }

  #onEnded(reason: Error): void {
    if (this.#own !== null && this.#proof?.isDoubted === true) this.#rename(this.#own, reason);
    // What the old consumer brought may still be settled, if only its queue went and not its channel.
    void this.#consumer?.retire();
    this.#consumer = null;
    this.#isRestored = Promise.withResolvers();
    this.#warn("is no longer consumed, trying again", reason);
    this.#tell(() => this.#made.subscribe.onLost?.(lossReason(reason)));
  }

  /** What a listener throws must not end the supervision. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#made.parts.logger.error(`A listener of the subscription to "${this.#made.subscribe.queue}" failed`, {
        error,
      });
    }
  }

  #warn(what: string, error: unknown, retryInMs?: number): void {
    const { parts } = this.#made;
    const fields = retryInMs === undefined ? {} : { retryInMs };
    parts.logger.warn(`The queue "${this.#queue}" ${what}: ${lossReason(error).message}`, fields);
  }
}

function isOutOfReach(error: unknown): boolean {
  return isQueueAway(error) || (error instanceof CeleryError && error.code === "rpc-timeout");
}
