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

/** The dependencies of a consumer. */
export interface ConsumerParts {
  readonly options: SubscribeOptions;
  readonly onDelivery: (delivery: Delivery) => void;
  /** False once the subscription is cancelled: later deliveries are requeued. */
  readonly isWanted: () => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  /** For each request. Absent: a request without an answer ends the connection. */
  readonly limit?: RequestLimit | undefined;
}

/**
 * How long a channel outlives its last ack. A quorum queue accepts only so many commands of a channel at a time; acks
 * beyond these wait in the channel and are lost with it, and their messages are redelivered (seen on RabbitMQ 3.10.8
 * and 4.3.6; 20 ms are enough on a machine under load).
 */
const ACK_REST_MS = 150;

/**
 * One consumer on a channel of its own, from `open` to the end of the channel. After `retire` it accepts no more
 * deliveries; its channel stays open until its deliveries are settled.
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
  /** Number of messages delivered. */
  delivered = 0;
  /** Ends this consumer, so that its owner opens another one. */
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

  /** @throws CeleryError `not-found`, `access-refused`, `rpc-timeout`, `connection-lost`. */
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
    return new Consumer(link, channel, new ChannelPublisher(channel, parts.options.queue, link.writer), parts);
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
      throw new CeleryError(
        "option-invalid",
        `The subscription has no channel to publish on: queue "${this.queue}". Set publishes.`,
      );
    await this.#publisher.publish(message, to);
  }

  /** One request to the broker serves all calls in one turn of the event loop. */
  sync(): Promise<boolean> {
    this.#syncing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#syncing = null;
        resolve(this.#sync());
      });
    });
    return this.#syncing;
  }

  /** A channel handles its methods in order. Setting a prefetch count does not affect an existing consumer. */
  async #sync(): Promise<boolean> {
    if (!this.#isOpen) return false;
    this.#acks.flush();
    const ask = () => this.#channel.prefetch(this.#parts.options.prefetch, false);
    return this.link.request("wait for acks", ask).then(
      () => this.#isOpen,
      () => false,
    );
  }

  /** Closes the channel at once; the broker requeues its unsettled deliveries. Never rejects. */
  async abandon(): Promise<void> {
    this.#isRetired = true;
    await this.#closeChannel();
  }

  /** Cancels the consumer, and closes its channel when the last delivery is settled. Never rejects. */
  async retire(): Promise<void> {
    if (this.#isRetired) return;
    this.#isRetired = true;
    const tag = this.#tag;
    if (tag !== null && this.#isOpen) {
      // amqplib keeps the callback until `basic.cancel-ok`, after which no more deliveries come.
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
        // Per consumer, never per channel: a quorum queue refuses global QoS by closing the connection (540).
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

  /** Must never throw: amqplib then closes the channel with 541, and the message would be redelivered forever. */
  #onMessage(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#tag = null;
      this.giveUp(new Error(cancelReason(this.queue, this.#acks.unsettled)));
      // Unsettled deliveries were requeued (4.3), or will be with the channel: their acks would settle nothing.
      this.#isRevoked = true;
      void this.abandon();
      return;
    }
    this.delivered += 1;
    const { deliveryTag } = message.fields;
    const isTracked = this.#parts.options.noAck !== true;
    // The end of the channel requeues it; a nack would deliver it here again until then.
    if (isTracked && this.#isClosing) return;
    if (isTracked) this.#acks.deliver(deliveryTag);
    if (isTracked && (this.#isRetired || !this.#parts.isWanted())) this.reject(deliveryTag, true, false);
    else this.#receive(new AmqpDelivery(message, this));
  }

  /**
   * Without acks (replies, events, commands) an incomplete message is useless and dropped; otherwise the receiver
   * decides.
   */
  #receive(delivery: AmqpDelivery): void {
    if (delivery.unreadable === null || this.#parts.options.noAck !== true) this.#hand(delivery);
    else this.#passedOver.note(delivery.unreadable);
  }

  /** A callback that throws is a bug: logged as an error, and the message stays unsettled until the channel closes. */
  #hand(delivery: Delivery): void {
    const onError = (error: unknown) => {
      this.#parts.logger.error("the callback for a delivery failed", { queue: this.queue, error });
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
