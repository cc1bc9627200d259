import type { Channel, Message } from "amqplib";
import type { Clock } from "../ports/clock.ts";

/**
 * The deliveries of one channel that are not settled, and the acks of one turn of the event loop, which leave together: a
 * run with nothing unsettled before it is one `basic.ack` with `multiple`.
 */
export class Acks {
  /** When acks were last sent, on the monotonic clock. */
  flushedAt: number = Number.NEGATIVE_INFINITY;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  /** Delivery tags in rising order, as they came. */
  readonly #unsettled = new Set<number>();
  #acked: number[] = [];

  constructor(channel: Channel, clock: Clock, onError: (error: unknown) => void) {
    this.#channel = channel;
    this.#clock = clock;
    this.#onError = onError;
  }

  get unsettled(): number {
    return this.#unsettled.size;
  }

  deliver(tag: number): void {
    this.#unsettled.add(tag);
  }

  /** False: it was settled before. */
  ack(tag: number): boolean {
    if (!this.#unsettled.delete(tag)) return false;
    this.#acked.push(tag);
    if (this.#acked.length === 1) process.nextTick(() => this.flush());
    return true;
  }

  /** As `ack`. RabbitMQ 4.3 counts rejects against the queue's delivery limit, and nacks not. */
  reject(tag: number, requeue: boolean, isCounted = true): boolean {
    if (!this.#unsettled.delete(tag)) return false;
    this.#send(() =>
      isCounted ? this.#channel.reject(withTag(tag), requeue) : this.#channel.nack(withTag(tag), false, requeue),
    );
    return true;
  }

  /** Sends the acks made so far. */
  flush(): void {
    const acked = this.#acked;
    if (acked.length === 0) return;
    this.#acked = [];
    this.flushedAt = this.#clock.monotonicMs();
    const [oldest = Number.POSITIVE_INFINITY] = this.#unsettled;
    const run = acked.filter((tag) => tag < oldest);
    if (run.length > 0) this.#send(() => this.#channel.ack(withTag(Math.max(...run)), run.length > 1));
    for (const tag of acked) if (tag > oldest) this.#send(() => this.#channel.ack(withTag(tag)));
  }

  /** A channel that closed meanwhile throws; the broker then redelivers the messages. */
  #send(settle: () => void): void {
    try {
      settle();
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** The only field that amqplib reads of a message that it settles. */
function withTag(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as Message;
}
