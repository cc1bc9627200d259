import type { WireMessage } from "@leveret/celery-protocol";
import type { Delivery, SubscribeOptions, Subscription } from "../ports/transport.ts";
import type { MemoryBroker, MemoryPeer } from "./memory-broker.ts";
import type { MemoryConsumer } from "./memory-consumer.ts";
import type { StoredMessage } from "./memory-message.ts";

/** What a subscription needs of its transport. */
export interface MemorySubscriptionParts {
  readonly broker: MemoryBroker;
  readonly peer: MemoryPeer;
  /** Declares again what the subscription needs. */
  readonly restore: () => Promise<void>;
  readonly forget: () => void;
  /** Told what the callback threw. */
  readonly onFault: (error: unknown) => void;
}

/** A consumer that comes back after every loss. */
export class MemorySubscription implements Subscription {
  readonly #options: SubscribeOptions;
  readonly #onDelivery: (delivery: Delivery) => void;
  readonly #parts: MemorySubscriptionParts;
  #consumer: MemoryConsumer | null = null;
  #cancelled = false;
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: SubscribeOptions, onDelivery: (delivery: Delivery) => void, parts: MemorySubscriptionParts) {
    this.#options = options;
    this.#onDelivery = onDelivery;
    this.#parts = parts;
  }

  get isConsuming(): boolean {
    return this.#consumer !== null;
  }

  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Begins; throws what the broker answers. */
  consume(): void {
    const { queue, prefetch, noAck = false, exclusive = false, arguments: table = {} } = this.#options;
    const priority = table["x-priority"];
    const consumer = this.#parts.broker.consume(queue, this.#parts.peer, {
      prefetch,
      noAck,
      exclusive,
      priority: typeof priority === "number" ? priority : 0,
      onMessage: (stored) => this.#hand(this.#delivery(consumer, stored)),
      onCancelled: (reason) => this.#onCancelled(reason),
    });
    this.#consumer = consumer;
  }

  /** The connection is gone: `restore` is called when there is a new one. */
  onLost(reason: Error): void {
    if (this.#cancelled || this.#consumer === null) return;
    this.#consumer = null;
    this.#tell(() => this.#options.onLost?.(reason));
  }

  /** Declares and consumes again. A queue that is not there (yet) is asked for again after a second. */
  async restore(): Promise<void> {
    if (this.#cancelled || this.#consumer !== null) return;
    try {
      await this.#parts.restore();
      if (this.#cancelled || this.#consumer !== null) return;
      this.consume();
      this.#tell(() => this.#options.onRestored?.());
    } catch {
      this.#parts.broker.clock.setTimer(1000, () => void this.restore());
    }
  }

  async cancel(): Promise<void> {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const consumer = this.#consumer;
    this.#consumer = null;
    if (consumer === null) this.#drained.resolve();
    else {
      this.#parts.broker.cancel(consumer, this.#parts.peer);
      void consumer.drained.then(() => this.#drained.resolve());
    }
    this.#parts.forget();
  }

  /** A callback that fails leaves its delivery unsettled, and does no other harm. */
  #hand(delivery: Delivery): void {
    try {
      const outcome: unknown = this.#onDelivery(delivery);
      if (outcome instanceof Promise) outcome.catch(this.#parts.onFault);
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  #onCancelled(reason: Error): void {
    this.onLost(reason);
    queueMicrotask(() => void this.restore());
  }

  #delivery(consumer: MemoryConsumer, stored: StoredMessage): Delivery {
    const { broker, peer } = this.#parts;
    const settle = (how: "ack" | "requeue" | "reject") => broker.settle(consumer, stored, peer, how);
    return {
      message: seen(stored, broker.isQuorum(this.#options.queue)),
      address: stored.address,
      queue: this.#options.queue,
      redelivered: stored.deliveries > 0,
      deliveryCount: stored.deliveries > 0 && broker.isQuorum(this.#options.queue) ? stored.deliveries : null,
      ack: () => settle("ack"),
      reject: ({ requeue }) => settle(requeue ? "requeue" : "reject"),
    };
  }
}

/** A quorum queue says how often it has handed a message out before. */
function seen(stored: StoredMessage, isQuorum: boolean): WireMessage {
  const { message, deliveries } = stored;
  if (!isQuorum || deliveries === 0) return message;
  return { ...message, headers: { ...message.headers, "x-delivery-count": deliveries } };
}
