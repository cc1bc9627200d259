import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { Channel, ConfirmChannel, ConsumeMessage } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Delivery, SubscribeOptions } from "../ports/transport.ts";
import { Acks } from "./acks.ts";
import { ChannelPublisher } from "./channel-publisher.ts";
import { AmqpDelivery, type Settling } from "./delivery.ts";
import type { Link, RequestLimit } from "./link.ts";
import { PassedOver } from "./passed-over.ts";
import { endOf, type Session } from "./supervise.ts";
import { toFields } from "./table.ts";

/** What a consumer is made of. */
export interface ConsumerParts {
  readonly options: SubscribeOptions;
  readonly onDelivery: (delivery: Delivery) => void;
  /** False once the subscription is cancelled: what still comes goes back. */
  readonly isWanted: () => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  /** For each request; absent: a request that is not answered costs the connection. */
  readonly limit?: RequestLimit | undefined;
}

/**
 * How long a channel outlives its last ack. A quorum queue takes only so many commands of a channel at a time; acks beyond
 * these wait in the channel, and end with it: their messages come again (RabbitMQ 3.10.8 and 4.3.6, tried; 20 ms are
 * enough on a machine under load).
 */
const ACK_REST_MS = 150;

/**
 * One consumer on a channel of its own, from `open` to the end of the channel. After `retire` it takes nothing more; its
 * channel stays as long as deliveries of it may be settled.
 */
export class Consumer implements Session, Settling {
  readonly link: Link;
  readonly ended: Promise<Error>;
  readonly queue: string;
  readonly #channel: Channel;
  readonly #parts: ConsumerParts;
  readonly #acks: Acks;
  readonly #passedOver: PassedOver;
  readonly #publisher: ChannelPublisher | null;
  /** Messages that came. */
  delivered = 0;
  /** Ends this consumer, for its owner to open another one. */
  readonly giveUp: (reason: Error) => void;
  #isOpen = true;
  #isClosing = false;
  #isRetired = false;
  #isRevoked = false;
  #tag: string | null = null;
  #syncing: Promise<boolean> | null = null;

  private constructor(link: Link, channel: Channel, publisher: ChannelPublisher | null, parts: ConsumerParts) {
    this.link = link;
    this.queue = parts.options.queue;
    this.#channel = channel;
    this.#publisher = publisher;
    this.#parts = parts;
    this.#acks = new Acks(channel, parts.clock, () => (this.#isOpen = false));
    this.#passedOver = new PassedOver(this.queue, parts);
    const channelEnd = endOf(channel, link);
    void channelEnd.then(() => this.#onChannelEnd());
    channel.on("close", () => (this.#isOpen = false));
    const { promise: given, resolve: giveUp } = Promise.withResolvers<Error>();
    this.giveUp = giveUp;
    this.ended = Promise.race([channelEnd, given]);
  }

  /** @throws CeleryError what the broker answers: `not-found`, `access-refused`, `rpc-timeout`, `connection-lost`. */
  static async open(link: Link, parts: ConsumerParts): Promise<Consumer> {
    const consumer = await Consumer.#onChannel(link, parts);
    try {
      await consumer.#begin();
    } catch (error) {
      await consumer.#closeChannel();
      throw error;
    }
    return consumer;
  }

  static async #onChannel(link: Link, parts: ConsumerParts): Promise<Consumer> {
    if (parts.options.publishes !== true) return new Consumer(link, await link.openChannel(parts.limit), null, parts);
    const channel: ConfirmChannel = await link.openConfirmChannel();
    return new Consumer(link, channel, new ChannelPublisher(channel, parts.options.queue, link.frameMax), parts);
  }

  ack(tag: number): boolean {
    if (!this.#isOpen || this.#isRevoked || !this.#acks.ack(tag)) return false;
    this.#closeIfDone();
    return true;
  }

  reject(tag: number, requeue: boolean, isCounted = true): boolean {
    if (!this.#isOpen || this.#isRevoked || !this.#acks.reject(tag, requeue, isCounted)) return false;
    const isSent = this.#isOpen;
    this.#closeIfDone();
    return isSent;
  }

  async publish(message: WireMessage, to: Address): Promise<void> {
    if (this.#publisher === null)
      throw new CeleryError("option-invalid", `The subscription to "${this.queue}" does not publish: set publishes`);
    await this.#publisher.publish(message, to);
  }

  /** One question of the broker serves all that ask in one turn of the event loop. */
  sync(): Promise<boolean> {
    this.#syncing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#syncing = null;
        resolve(this.#sync());
      });
    });
    return this.#syncing;
  }

  /** A channel does what it is asked in order. A prefetch count changes nothing for a consumer that is there. */
  async #sync(): Promise<boolean> {
    if (!this.#isOpen) return false;
    this.#acks.flush();
    const ask = () => this.#channel.prefetch(this.#parts.options.prefetch, false);
    return this.link.request("wait for acks", ask).then(
      () => this.#isOpen,
      () => false,
    );
  }

  /** Ends the channel at once; what is unsettled goes back with it. Never rejects. */
  async abandon(): Promise<void> {
    this.#isRetired = true;
    await this.#closeChannel();
  }

  /** Takes nothing more, and closes its channel when the last delivery is settled. Never rejects. */
  async retire(): Promise<void> {
    if (this.#isRetired) return;
    this.#isRetired = true;
    const tag = this.#tag;
    if (tag !== null && this.#isOpen) {
      // amqplib keeps the callback until the broker says that no more deliveries are on the way.
      await this.link.request("cancel a consumer", () => this.#channel.cancel(tag), this.#parts.limit).catch(() => {});
    }
    this.#tag = null;
    this.#closeIfDone();
  }

  async #begin(): Promise<void> {
    const { queue, prefetch, noAck = false, exclusive = false, arguments: table = {} } = this.#parts.options;
    const consumeOptions = { noAck, exclusive, arguments: toFields(table) };
    await this.link.request(
      `consume queue "${queue}"`,
      async () => {
        // Per consumer, never per channel: a quorum queue answers global QoS by closing the connection (540).
        if (!noAck && prefetch > 0) await this.#channel.prefetch(prefetch, false);
        const { consumerTag } = await this.#channel.consume(
          queue,
          (message) => this.#onMessage(message),
          consumeOptions,
        );
        this.#tag = consumerTag;
      },
      this.#parts.limit,
    );
  }

  /** Total, as amqplib closes the channel with 541 when it throws (and the message would come back for ever). */
  #onMessage(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#tag = null;
      this.giveUp(new Error(cancelReason(this.queue, this.#acks.unsettled)));
      // What is unsettled has gone back to its queue (4.3), or goes with the channel: its acks would settle nothing.
      this.#isRevoked = true;
      void this.abandon();
      return;
    }
    this.delivered += 1;
    const { deliveryTag } = message.fields;
    const isTracked = this.#parts.options.noAck !== true;
    // Given back by the end of the channel; a nack would have it come here again until then.
    if (isTracked && this.#isClosing) return;
    if (isTracked) this.#acks.deliver(deliveryTag);
    if (isTracked && (this.#isRetired || !this.#parts.isWanted())) this.reject(deliveryTag, true, false);
    else this.#receive(new AmqpDelivery(message, this));
  }

  /** A reply, event or command of which a part is missing is of no use; what has to be acked is its receiver's to judge. */
  #receive(delivery: AmqpDelivery): void {
    if (delivery.unreadable === null || this.#parts.options.noAck !== true) this.#hand(delivery);
    else this.#passedOver.note(delivery.unreadable);
  }

  /** A callback that fails is a fault of ours: said loudly, and the message stays unsettled until the channel goes. */
  #hand(delivery: Delivery): void {
    const onError = (error: unknown) => {
      this.#parts.logger.error(`A delivery of queue "${this.queue}" could not be handed over`, { error });
    };
    try {
      const outcome: unknown = this.#parts.onDelivery(delivery);
      if (outcome instanceof Promise) outcome.catch(onError);
    } catch (error) {
      onError(error);
    }
  }

  #onChannelEnd(): void {
    this.#isOpen = false;
    this.#publisher?.end();
  }

  #closeIfDone(): void {
    if (this.#isRetired && this.#tag === null && this.#acks.unsettled === 0) void this.#closeChannel();
  }

  async #closeChannel(): Promise<void> {
    if (!this.#isOpen || this.#isClosing) return;
    this.#isClosing = true;
    this.#acks.flush();
    const { clock } = this.#parts;
    const restMs = this.#acks.flushedAt + ACK_REST_MS - clock.monotonicMs();
    if (restMs > 0) await new Promise<void>((resolve) => clock.setTimer(restMs, resolve));
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.link.request("close a channel", () => this.#channel.close(), this.#parts.limit).catch(() => {});
  }
}

/** RabbitMQ 4.3 cancels the consumer of a queue where 3.10 closes the channel (`consumer_timeout`), and gives no reason. */
function cancelReason(queue: string, unsettled: number): string {
  const cancelled = `the broker cancelled the consumer of queue "${queue}"`;
  if (unsettled === 0) return `${cancelled}: the queue was deleted or moved`;
  return `${cancelled} while ${unsettled} messages were unsettled: a task ran longer than the broker's consumer_timeout, or the queue was deleted. Raise consumer_timeout above the longest task, or ack such tasks early`;
}
