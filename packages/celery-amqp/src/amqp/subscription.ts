import type { CancelOptions, Delivery, SubscribeOptions, Subscription } from "../ports/transport.ts";
import { Backoff } from "./backoff.ts";
import type { AmqpParts, Connection } from "./connection.ts";
import { Consumer } from "./consumer.ts";
import { isQueueAway, lossReason, replyCode } from "./errors.ts";
import type { Link } from "./link.ts";
import type { ResolvedAmqp } from "./options.ts";
import { supervise } from "./supervise.ts";

/** What a subscription is made of. */
export interface SubscriptionParts {
  readonly connection: Connection;
  readonly options: ResolvedAmqp;
  readonly parts: AmqpParts;
  readonly subscribe: SubscribeOptions;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Declares what the subscription needs, on the link it will consume on. */
  readonly declare: (link: Link) => Promise<void>;
  /** Called once, when it is cancelled. */
  readonly onCancel: (subscription: AmqpSubscription) => void;
}

/** Someone may delete a queue between its declaration and its consumer, again and again. */
const maxAttempts = 5;

/** A consumer that is brought back after every loss: of the connection, of its channel, of its queue. */
export class AmqpSubscription implements Subscription {
  readonly #made: SubscriptionParts;
  readonly #stopping = new AbortController();
  #consumer: Consumer | null = null;
  #isRestored = Promise.withResolvers<void>();
  readonly #isDrained = Promise.withResolvers<void>();

  private constructor(made: SubscriptionParts) {
    this.#made = made;
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
    const { connection, subscribe } = this.#made;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await connection.use(`consume queue "${subscribe.queue}"`, (link) => this.#open(link));
      } catch (error) {
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
    const { subscribe, onDelivery, parts, declare } = this.#made;
    await declare(link);
    const isWanted = () => !this.#stopping.signal.aborted;
    const { logger, clock } = parts;
    const consumer = await Consumer.open(link, { options: subscribe, onDelivery, isWanted, logger, clock });
    this.#consumer = consumer;
    this.#isRestored.resolve();
    if (!isWanted()) await consumer.retire();
    return consumer;
  }

  async #reopen(link: Link): Promise<Consumer> {
    const consumer = await this.#open(link);
    const { subscribe, parts } = this.#made;
    parts.logger.info(`The queue "${subscribe.queue}" is consumed again`, { epoch: link.epoch });
    if (this.isConsuming) this.#tell(() => subscribe.onRestored?.());
    return consumer;
  }

  #onEnded(reason: Error): void {
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
    const { subscribe, parts } = this.#made;
    const fields = retryInMs === undefined ? {} : { retryInMs };
    parts.logger.warn(`The queue "${subscribe.queue}" ${what}: ${lossReason(error).message}`, fields);
  }
}
