import type { Publisher, PublishOptions, Subscription, Transport } from "@leveret/celery-amqp";
import type { Address, WireMessage } from "@leveret/celery-protocol";

/** The publish function of one tick. */
export type TickWay = Publisher["publish"];

/**
 * A transport for the client that sends ticks: publishes their messages by the leader's function, all others as usual.
 */
export class TickTransport implements Transport {
  readonly publisher: Publisher = { publish: (message, to, options) => this.#publish(message, to, options) };
  readonly #inner: Transport;
  readonly #ways = new Map<unknown, TickWay>();

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get state(): Transport["state"] {
    return this.#inner.state;
  }

  /** Publishes the message of the task with this id by `way`, while `send` runs. */
  async during(id: string, way: TickWay, send: () => Promise<unknown>): Promise<void> {
    this.#ways.set(id, way);
    try {
      await send();
    } finally {
      this.#ways.delete(id);
    }
  }

  connect(...given: Parameters<Transport["connect"]>): Promise<void> {
    return this.#inner.connect(...given);
  }

  declare(...given: Parameters<Transport["declare"]>): Promise<void> {
    return this.#inner.declare(...given);
  }

  inspectQueue(name: string): ReturnType<Transport["inspectQueue"]> {
    return this.#inner.inspectQueue(name);
  }

  browse(...given: Parameters<Transport["browse"]>): ReturnType<Transport["browse"]> {
    return this.#inner.browse(...given);
  }

  deleteQueue(name: string): Promise<void> {
    return this.#inner.deleteQueue(name);
  }

  purgeQueue(name: string): Promise<number> {
    return this.#inner.purgeQueue(name);
  }

  subscribe(...given: Parameters<Transport["subscribe"]>): Promise<Subscription> {
    return this.#inner.subscribe(...given);
  }

  onState(...given: Parameters<Transport["onState"]>): () => void {
    return this.#inner.onState(...given);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #publish(message: WireMessage, to: Address, options?: PublishOptions): Promise<void> {
    const way = this.#ways.get(message.headers["id"]);
    return way === undefined ? this.#inner.publisher.publish(message, to, options) : way(message, to, options);
  }
}
