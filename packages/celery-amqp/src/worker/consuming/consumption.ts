import { CeleryError } from "../../ports/errors.ts";
import type { Delivery } from "../../ports/transport.ts";
import type { ResolvedQueue } from "../../send/queues.ts";
import type { DelayQueues } from "../pipeline/delay-queues.ts";
import { type ConsumerParts, QueueConsumer } from "./consumer.ts";

/** What consumes the queues of a worker. */
export interface ConsumptionParts extends Pick<ConsumerParts, "transport" | "clock" | "log" | "scheduledLimit"> {
  /** Messages of a queue that are unacked at most, beside those that wait for their eta. */
  readonly prefetchOf: (queue: ResolvedQueue) => number;
  readonly delayQueues: Pick<DelayQueues, "serve" | "onConsumed">;
}

/** Takes the deliveries of all queues. */
export interface Receiver {
  receive(delivery: Delivery): void;
  /** The consumer of a queue was cancelled: its deliveries that have not begun are requeued. */
  forget(queue: string): void;
  /** The consumer of a queue was lost: the broker delivers its unacked messages again. */
  onLost(queue: string): void;
}

/** How it stands with one queue. */
export interface QueueState {
  readonly name: string;
  /** False where the broker has none of its consumers, or not all. */
  readonly isConsumed: boolean;
  readonly isPaused: boolean;
}

interface Served {
  readonly queue: ResolvedQueue;
  /** Null while the queue is paused. */
  consumer: QueueConsumer | null;
}

/** The queues that a worker serves. Changes are made one after the other, in the order they were asked for. */
export class Consumption {
  readonly #parts: ConsumptionParts;
  readonly #served = new Map<string, Served>();
  /** Null before the start. */
  #receiver: Receiver | null = null;
  #changing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(queues: Iterable<ResolvedQueue>, parts: ConsumptionParts) {
    this.#parts = parts;
    for (const queue of queues) this.#served.set(queue.name, { queue, consumer: null });
  }

  get names(): readonly string[] {
    return [...this.#served.keys()];
  }

  get queues(): readonly ResolvedQueue[] {
    return [...this.#served.values()].map(({ queue }) => queue);
  }

  get states(): readonly QueueState[] {
    return [...this.#served].map(([name, { consumer }]) => ({
      name,
      isConsumed: consumer?.isConsuming ?? false,
      isPaused: this.#receiver !== null && consumer === null,
    }));
  }

  /** Whether it serves a queue of this name, or its shards. */
  has(queue: string): boolean {
    return this.#named(queue).length > 0;
  }

  /** Begins to consume all of them. */
  async start(receiver: Receiver): Promise<void> {
    this.#receiver = receiver;
    for (const served of this.#served.values()) served.consumer = this.#createConsumer(served.queue, receiver);
    for (const { consumer } of this.#served.values()) await consumer?.start();
  }

  /** The number of unacked tasks of a queue that do not run has changed. */
  onReserved(queue: string, held: number): void {
    this.#served.get(queue)?.consumer?.onReserved(held);
  }

  /**
   * @throws CeleryError `option-invalid` for a queue that is not served
   */
  pause(queue?: string): Promise<void> {
    const chosen = this.#chosen(queue);
    return this.#change(async () => {
      await Promise.all(chosen.map((served) => this.#silence(served)));
    });
  }

  /**
   * @throws CeleryError `option-invalid` for a queue that is not served; what consuming can end in
   */
  resume(queue?: string): Promise<void> {
    const chosen = this.#chosen(queue);
    return this.#change(async () => {
      for (const served of chosen) await this.#consume(served);
    });
  }

  /**
   * @throws CeleryError what consuming can end in; the queue is then not served
   */
  add(queue: ResolvedQueue): Promise<void> {
    return this.#change(async () => {
      if (this.#served.has(queue.name)) return;
      const served: Served = { queue, consumer: null };
      await this.#consume(served);
      this.#served.set(queue.name, served);
    });
  }

  remove(queue: string): Promise<void> {
    return this.#change(async () => {
      for (const served of this.#named(queue)) {
        await this.#silence(served);
        this.#served.delete(served.queue.name);
      }
    });
  }

  /** Holds other numbers of messages. Resolves when the consumers have followed; rejects with what the broker answers. */
  async resize(prefetchOf: (queue: ResolvedQueue) => number): Promise<void> {
    const served = [...this.#served.values()];
    await Promise.all(served.map(async ({ queue, consumer }) => consumer?.resize(prefetchOf(queue))));
  }

  /** Cancels all consumers until `wake`. Resolves when the deliveries in transit have arrived. Never rejects. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#served.values()].map(async ({ consumer }) => consumer?.quiet()));
  }

  /** Takes deliveries again. */
  wake(): void {
    for (const { consumer } of this.#served.values()) void consumer?.wake();
  }

  /** Takes nothing more, for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#cancelAll();
    await this.#changing; // one that had begun before may have brought another consumer
    await this.#cancelAll();
  }

  async #cancelAll(): Promise<void> {
    await Promise.all([...this.#served.values()].map(async ({ consumer }) => consumer?.cancel()));
  }

  #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(() => (this.#closed ? undefined : change()));
    this.#changing = changed.catch(() => {}); // the caller gets the rejection
    return changed;
  }

  async #consume(served: Served): Promise<void> {
    if (served.consumer !== null || this.#receiver === null) return;
    const consumer = this.#createConsumer(served.queue, this.#receiver);
    await consumer.start();
    served.consumer = consumer;
    if (this.#closed) await consumer.cancel();
  }

  async #silence(served: Served): Promise<void> {
    const { consumer } = served;
    if (consumer === null) return;
    served.consumer = null;
    await consumer.cancel();
    this.#receiver?.forget(served.queue.name);
  }

  #createConsumer(queue: ResolvedQueue, receiver: Receiver): QueueConsumer {
    const { prefetchOf, delayQueues } = this.#parts;
    delayQueues.serve(queue.name, queue.declaration);
    return new QueueConsumer({
      ...this.#parts,
      queue,
      prefetch: prefetchOf(queue),
      onDelivery: (delivery) => receiver.receive(delivery),
      onLost: (name) => receiver.onLost(name),
      onConsumed: (name) => delayQueues.onConsumed(name),
    });
  }

  /** The queue of this name, or all shards of it. */
  #named(name: string): readonly Served[] {
    const served = this.#served.get(name);
    if (served !== undefined) return [served];
    return [...this.#served.values()].filter(({ queue }) => queue.place?.queue === name);
  }

  #chosen(queue: string | undefined): readonly Served[] {
    if (queue === undefined) return [...this.#served.values()];
    const served = this.#named(queue);
    if (served.length > 0) return served;
    throw new CeleryError(
      "option-invalid",
      `The worker does not serve a queue "${queue}": it serves ${this.names.map((name) => `"${name}"`).join(", ")}`,
    );
  }
}
