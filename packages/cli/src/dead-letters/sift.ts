import { setTimeout as pause } from "node:timers/promises";
import { CeleryError, type Delivery, type Subscription, type Transport } from "@leveret/celery-amqp";
import { republishable } from "@leveret/celery-protocol/wire";

/** Whether a message has been settled, or must be requeued at the end. */
export type Taken = "settled" | "keep";

/** Options of iterating over a dead queue. */
export interface SiftOptions {
  readonly queue: string;
  /** Number of messages at the start: later ones are not delivered. */
  readonly total: number;
  /** Most unsettled messages. */
  readonly prefetch: number;
  /** Ends the iteration; current messages are finished. */
  readonly signal: AbortSignal;
  /** Called for each message: `settled`, or will be; `keep` requeues it at the end, `stop` also ends the iteration. */
  readonly take: (delivery: Delivery) => Taken | "stop" | Promise<Taken>;
}

/** AMQP's largest prefetch count, and so the most messages in one iteration. */
export const mostHeld = 65_535;

/**
 * Delivers every message of a queue once, then requeues the kept ones in their order. Resolves with the number of
 * messages. A program killed midway loses none: the broker requeues its messages when its connection ends.
 *
 * @throws CeleryError `connection-lost` where the connection was lost meanwhile; and the errors of consuming
 */
export async function sift(transport: Transport, options: SiftOptions): Promise<number> {
  const round = new Round(transport, options);
  return round.run();
}

class Round {
  readonly #transport: Transport;
  readonly #options: SiftOptions;
  readonly #kept: Delivery[] = [];
  readonly #work = new Set<Promise<void>>();
  #seen = 0;
  #isOver = false;
  #failure: Error | null = null;

  constructor(transport: Transport, options: SiftOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  async run(): Promise<number> {
    const { queue, prefetch, total } = this.#options;
    if (total === 0) return 0;
    const subscription = await this.#transport.subscribe(
      { queue, prefetch: Math.min(prefetch, mostHeld), onLost: (reason) => this.#fail(reason) },
      (delivery) => this.#onDelivery(delivery),
    );
    await this.#untilOver();
    await subscription.cancel();
    await Promise.all(this.#work);
    await this.#giveBack(subscription);
    if (this.#failure !== null) throw this.#failure;
    return this.#seen;
  }

  #onDelivery(delivery: Delivery): void {
    const { take, total, signal } = this.#options;
    if (this.#isOver || signal.aborted || this.#seen >= total) {
      this.#kept.push(delivery);
      return;
    }
    this.#seen += 1;
    const fate = take(delivery);
    if (typeof fate === "object") this.#follow(delivery, fate);
    else if (fate !== "settled") this.#kept.push(delivery);
    if (fate === "stop" || this.#seen >= total || this.#kept.length >= mostHeld) this.#isOver = true;
  }

  #follow(delivery: Delivery, work: Promise<Taken>): void {
    const followed = this.#finish(delivery, work).finally(() => this.#work.delete(followed));
    this.#work.add(followed);
  }

  async #finish(delivery: Delivery, work: Promise<Taken>): Promise<void> {
    try {
      if ((await work) === "keep") this.#kept.push(delivery);
    } catch (error) {
      this.#kept.push(delivery);
      this.#fail(error);
    }
  }

  #fail(reason: unknown): void {
    this.#failure ??= reason instanceof Error ? reason : new Error(String(reason));
    this.#isOver = true;
  }

  /** Other consumers may take messages from the same queue: then the iteration ends with the empty queue. */
  async #untilOver(): Promise<void> {
    const { signal, queue } = this.#options;
    for (let idle = 0, seen = 0; idle < idleRounds && !this.#isOver && !signal.aborted; seen = this.#seen) {
      await pause(pollMs);
      const isQuiet = this.#seen === seen && this.#work.size === 0;
      idle = isQuiet && (await this.#isEmpty(queue)) ? idle + 1 : 0;
    }
    this.#isOver = true;
  }

  async #isEmpty(queue: string): Promise<boolean> {
    const info = await this.#transport.inspectQueue(queue);
    return info === null || info.messageCount === 0;
  }

  /**
   * A quorum queue of RabbitMQ 4 drops a message after 20 deliveries, and before 4.3 it counts every delivery: a
   * message near the limit is republished, and the copy confirmed before the original is acked.
   */
  async #giveBack(subscription: Subscription): Promise<void> {
    for (const delivery of this.#kept) {
      if ((delivery.deliveryCount ?? 0) < mostReturns) delivery.reject({ requeue: true, isCounted: false });
      else if (this.#failure === null) await this.#renew(delivery);
    }
    if (this.#failure === null) await subscription.drained;
  }

  async #renew(delivery: Delivery): Promise<void> {
    const address = { exchange: "", routingKey: this.#options.queue };
    await this.#transport.publisher.publish(republishable(delivery.message), address);
    delivery.ack();
  }
}

const mostReturns = 10;
const pollMs = 50;
const idleRounds = 10;

/** The error for an ack that came too late: the connection was lost after the copy had been confirmed. */
export function ackLost(queue: string): CeleryError {
  return new CeleryError(
    "connection-lost",
    `The connection was lost before a message was acked: queue "${queue}". No message is lost; this one may be in both queues.`,
  );
}
