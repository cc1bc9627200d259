import type { Content, WireMessage } from "@leveret/celery-protocol";
import { decodeEvents, type CeleryEvent } from "@leveret/celery-protocol/events";
import type { Logger } from "../ports/logger.ts";
import type { Subscription, Transport } from "../ports/transport.ts";
import { createEventFilter, monitorQueue } from "./filter.ts";
import type { LogicalClock } from "./logical-clock.ts";
import { EventQueue } from "./event-queue.ts";
import type { EventStream, EventStreamOptions } from "./stream.ts";

/** The dependencies of an event receiver. */
export interface ReceiverParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  /** Makes the name of its queue unique. */
  readonly id: string;
  /** Runs the work when the transport is connected. */
  readonly connected: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called once, when it ends. */
  readonly onEnd: (receiver: EventReceiver) => void;
}

const defaultMaxWaiting = 10_000;

/**
 * Receives the events of workers and clients for one reader, on a queue of its own that is deleted with it. Source:
 * celery/events/receiver.py.
 */
export class EventReceiver implements EventStream {
  readonly opened: Promise<void>;
  readonly #parts: ReceiverParts;
  readonly #options: EventStreamOptions;
  readonly #isWanted: (event: CeleryEvent) => boolean;
  readonly #queue: EventQueue;
  readonly #onAbort = (): void => void this.return();
  #unreadable = 0;
  #subscription: Subscription | null = null;
  #ending: Promise<void> | null = null;

  constructor(parts: ReceiverParts, options: EventStreamOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#isWanted = createEventFilter(options);
    this.#queue = new EventQueue(options.maxWaiting ?? defaultMaxWaiting);
    this.opened = this.#open();
    this.opened.catch((error: unknown) => this.#fail(error));
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  get unreadable(): number {
    return this.#unreadable;
  }

  next(): Promise<IteratorResult<CeleryEvent, undefined>> {
    return this.#queue.next();
  }

  async return(): Promise<IteratorResult<CeleryEvent, undefined>> {
    this.#ending ??= this.#end();
    await this.#ending;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): EventReceiver {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #open(): Promise<void> {
    const { transport, id, logger, connected } = this.#parts;
    const topology = monitorQueue(id, this.#options);
    const { queue } = topology;
    const onLost = (reason: Error): void =>
      logger.warn("lost the queue of events, events sent meanwhile are missed", { queue, reason: reason.message });
    const subscribe = { queue, topology, prefetch: 0, noAck: true, own: {}, onLost };
    const subscription = await connected(() => transport.subscribe(subscribe, ({ message }) => this.#take(message)));
    this.#subscription = subscription;
    if (this.#ending !== null) await subscription.cancel();
  }

  #take(message: WireMessage): void {
    for (const event of this.#read(message)) {
      const heard = this.#adjust(event);
      if (this.#isWanted(heard)) this.#queue.push(heard);
    }
  }

  #read(message: WireMessage): readonly CeleryEvent[] {
    try {
      return decodeEvents(message, this.#parts.content);
    } catch (error) {
      this.#unreadable += 1;
      if (this.#unreadable === 1)
        this.#parts.logger.warn("a message is not an event, it is dropped", { reason: String(error) });
      return [];
    }
  }

  /** Clients do not share the workers' clock: what they send happened just before now. */
  #adjust(event: CeleryEvent): CeleryEvent {
    const { logicalClock } = this.#parts;
    if (event.type === "task-sent") {
      const clock = Math.max(logicalClock.value, 1) - 1;
      logicalClock.adjust(clock);
      return { ...event, clock };
    }
    if (event.clock === 0) return { ...event, clock: logicalClock.forward() };
    logicalClock.adjust(event.clock);
    return event;
  }

  #fail(error: unknown): void {
    this.#queue.end({ error });
    void this.return();
  }

  async #end(): Promise<void> {
    this.#queue.end(null);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#parts.onEnd(this);
    await this.#subscription?.cancel();
  }
}
