import type { StoredMessage } from "./memory-message.ts";

/** A consumer, as its queue uses it. */
export interface MemoryConsumerOptions {
  /** Unsettled messages at most; 0 is no limit. */
  readonly prefetch: number;
  /** Whether messages count as acked when they are delivered. */
  readonly noAck: boolean;
  /** Whether the consumer refuses others. */
  readonly exclusive: boolean;
  /** `x-priority`: the higher is served first. */
  readonly priority: number;
  /** Called in a microtask of its own for each message. */
  readonly onMessage: (stored: StoredMessage) => void;
  /** The queue went away under the consumer. */
  readonly onCancelled: (reason: Error) => void;
}

/** One consumer of one queue: its unsettled messages, including those in transit. */
export class MemoryConsumer {
  /** Options of the consumer. */
  readonly options: MemoryConsumerOptions;
  /** Delivered and unsettled, including messages in transit. */
  readonly #held = new Set<StoredMessage>();
  readonly #inbox: StoredMessage[] = [];
  readonly #drained = Promise.withResolvers<void>();
  #open = true;

  constructor(options: MemoryConsumerOptions) {
    this.options = options;
  }

  /** Whether the prefetch count allows another message. */
  get hasRoom(): boolean {
    const { noAck, prefetch } = this.options;
    return this.#open && (noAck || prefetch === 0 || this.#held.size < prefetch);
  }

  /** Resolves when it takes nothing more and holds nothing. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Whether no delivery is unacked. */
  get holdsNothing(): boolean {
    return this.#held.size === 0;
  }

  /** Delivers a message. */
  send(stored: StoredMessage): void {
    if (!this.options.noAck) this.#held.add(stored);
    this.#inbox.push(stored);
    if (this.#inbox.length === 1) queueMicrotask(() => this.#deliver());
  }

  /** Takes a message out of its hands; false: it was not there (any more). */
  release(stored: StoredMessage): boolean {
    const wasHeld = this.#held.delete(stored);
    this.#noteDrained();
    return wasHeld;
  }

  /** Stops deliveries; messages in transit are requeued. */
  shut(): readonly StoredMessage[] {
    this.#open = false;
    const unseen = this.#inbox.splice(0).filter((stored) => this.#held.delete(stored));
    this.#noteDrained();
    return unseen;
  }

  /** As `shut`, with all unsettled messages. */
  abandon(): readonly StoredMessage[] {
    this.#open = false;
    this.#inbox.length = 0;
    const held = [...this.#held];
    this.#held.clear();
    this.#noteDrained();
    return held;
  }

  #noteDrained(): void {
    if (!this.#open && this.#held.size === 0) this.#drained.resolve();
  }

  #deliver(): void {
    for (let stored = this.#inbox.shift(); stored !== undefined; stored = this.#inbox.shift()) {
      this.options.onMessage(stored);
    }
  }
}
