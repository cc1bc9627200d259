import type { Address, WireMessage } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { CancelOptions, Delivery, SubscribeOptions, Subscription } from "../ports/transport.ts";
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
  /** Called with errors of the callback. */
  readonly onFault: (error: unknown) => void;
}

/** One publish by a delivery. */
interface ChannelSending {
  readonly message: WireMessage;
  readonly to: Address;
  /** The broker has it: only its answer, or the end of the channel, ends it. */
  isSent: boolean;
  readonly settle: (error: unknown) => void;
}

/** A consumer that comes back after every loss. */
export class MemorySubscription implements Subscription {
  readonly #options: SubscribeOptions;
  readonly #onDelivery: (delivery: Delivery) => void;
  readonly #parts: MemorySubscriptionParts;
  /** Publishes by deliveries: those that the broker has not taken or confirmed. */
  readonly #publishing = new Set<ChannelSending>();
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
    this.#cutOff();
    this.#tell(() => this.#options.onLost?.(reason));
  }

  /** The broker is no longer blocked. */
  flush(): void {
    for (const sending of this.#publishing) if (!sending.isSent) this.#send(sending);
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

  async cancel({ giveBack = false }: CancelOptions = {}): Promise<void> {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const consumer = this.#consumer;
    this.#consumer = null;
    if (consumer === null) this.#drained.resolve();
    else {
      const { broker, peer } = this.#parts;
      if (giveBack) broker.release(consumer, peer);
      else broker.cancel(consumer, peer);
      if (giveBack) this.#cutOff();
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
      unreadable: null,
      ack: () => settle("ack"),
      reject: ({ requeue }) => settle(requeue ? "requeue" : "reject"),
      publish: (message, to) => this.#publish(consumer, message, to),
      sync: async () => broker.isAttached(consumer, peer),
    };
  }

  async #publish(consumer: MemoryConsumer, message: WireMessage, to: Address): Promise<void> {
    const { queue, publishes } = this.#options;
    if (publishes !== true)
      throw new CeleryError(
        "option-invalid",
        `The subscription has no channel to publish on: queue "${queue}". Set publishes.`,
      );
    if (this.#consumer !== consumer) throw cutOff(queue);
    await new Promise<void>((resolve, reject) => {
      const sending: ChannelSending = {
        message,
        to,
        isSent: false,
        settle: (error) => {
          this.#publishing.delete(sending);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#publishing.add(sending);
      this.#send(sending);
    });
  }

  #send(sending: ChannelSending): void {
    const { broker } = this.#parts;
    if (broker.isBlocked) return;
    sending.isSent = true;
    try {
      broker.publish(sending.message, sending.to, true, () => sending.settle(undefined));
    } catch (error) {
      sending.settle(error);
    }
  }

  #cutOff(): void {
    for (const sending of this.#publishing) sending.settle(cutOff(this.#options.queue));
  }
}

function cutOff(queue: string): CeleryError {
  return new CeleryError(
    "connection-lost",
    `The channel closed before the broker confirmed the message: queue "${queue}". The message may have arrived.`,
  );
}

/** A quorum queue sets the number of earlier deliveries. */
function seen(stored: StoredMessage, isQuorum: boolean): WireMessage {
  const { message, deliveries } = stored;
  if (!isQuorum || deliveries === 0) return message;
  return { ...message, headers: { ...message.headers, "x-delivery-count": deliveries } };
}
