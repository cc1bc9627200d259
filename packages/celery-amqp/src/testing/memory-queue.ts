import type { HeaderTable } from "@leveret/celery-protocol";
import type { QueueDeclaration } from "@leveret/celery-protocol/routing";
import type { Clock } from "../ports/clock.ts";
import type { DeathReason } from "./memory-death.ts";
import { MemoryLane } from "./memory-lane.ts";
import type { MemoryConsumer } from "./memory-consumer.ts";
import type { StoredMessage } from "./memory-message.ts";

/** What a queue needs of its broker. */
export interface MemoryQueueParts {
  readonly clock: Clock;
  /** Takes a message that died in the queue. */
  readonly bury: (stored: StoredMessage, reason: DeathReason, queue: MemoryQueue) => void;
  /** Removes the queue: it was auto-delete and is unused, or its `x-expires` has passed. */
  readonly remove: (queue: MemoryQueue) => void;
}

/** One queue: messages in order of priority and age, and the consumers that share them. */
export class MemoryQueue {
  readonly declaration: QueueDeclaration;
  readonly #parts: MemoryQueueParts;
  /** By priority, highest first. */
  readonly #lanes: readonly MemoryLane[];
  #consumers: readonly MemoryConsumer[] = [];
  #hadConsumer = false;
  #cancelExpiry: () => void = () => {};
  #cancelDisuse: () => void = () => {};

  constructor(declaration: QueueDeclaration, parts: MemoryQueueParts) {
    this.declaration = declaration;
    this.#parts = parts;
    const levels = numberIn(this.arguments, "x-max-priority") ?? 0;
    this.#lanes = Array.from({ length: levels + 1 }, () => new MemoryLane());
    this.touch();
  }

  get name(): string {
    return this.declaration.name;
  }

  get arguments(): HeaderTable {
    return this.declaration.arguments ?? {};
  }

  get hasArguments(): boolean {
    return Object.keys(this.arguments).length > 0;
  }

  get isQuorum(): boolean {
    return this.arguments["x-queue-type"] === "quorum";
  }

  get #hasSingleActive(): boolean {
    return this.arguments["x-single-active-consumer"] === true;
  }

  get consumers(): readonly MemoryConsumer[] {
    return this.#consumers;
  }

  get messageCount(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.size, 0);
  }

  /** The waiting messages in the order in which they would be handed out. */
  messages(): readonly StoredMessage[] {
    return this.#lanes.flatMap((lane) => [...lane]);
  }

  /** False: the queue is full and refuses (`x-overflow: reject-publish`). */
  push(stored: StoredMessage): boolean {
    const limit = numberIn(this.arguments, "x-max-length");
    const full = limit !== null && this.messageCount >= limit;
    if (full && this.arguments["x-overflow"] === "reject-publish") return false;
    this.#lane(stored).add(stored);
    this.#serve();
    if (limit !== null && this.messageCount > limit) this.#dropHead();
    this.#awaitExpiry();
    return true;
  }

  /** Requeues a delivered message at its old position. */
  giveBack(stored: StoredMessage): void {
    const limit = numberIn(this.arguments, "x-delivery-limit");
    if (this.isQuorum && limit !== null && stored.deliveries > limit) {
      this.#parts.bury(stored, "delivery_limit", this);
      return;
    }
    this.#lane(stored).giveBack(stored);
    this.#serve();
    this.#awaitExpiry();
  }

  /** Delivers the next message after one is settled. */
  onSettled(): void {
    this.#serve();
    this.#awaitExpiry();
  }

  add(consumer: MemoryConsumer): void {
    this.#hadConsumer = true;
    this.#cancelDisuse();
    this.#consumers = inTurn([...this.#consumers, consumer], consumer);
    this.#serve();
  }

  drop(consumer: MemoryConsumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
    if (this.#consumers.length > 0) this.#serve();
    else if (this.declaration.autoDelete && this.#hadConsumer) this.#parts.remove(this);
    else this.touch();
  }

  /** Starts `x-expires` anew, as every declare does. */
  touch(): void {
    this.#cancelDisuse();
    const expires = numberIn(this.arguments, "x-expires");
    if (expires === null || this.#consumers.length > 0) return;
    this.#cancelDisuse = this.#parts.clock.setTimer(expires, () => this.#parts.remove(this));
  }

  /** Drops the waiting messages that `dropped` names. */
  purge(dropped: (stored: StoredMessage) => boolean): void {
    for (const lane of this.#lanes) {
      const kept = [...lane].filter((stored) => !dropped(stored));
      while (lane.takeHead() !== undefined);
      for (const stored of kept) lane.add(stored);
    }
  }

  /** Forgets its timers; the broker has removed it. */
  close(): void {
    this.#cancelDisuse();
    this.#cancelExpiry();
  }

  #lane(stored: StoredMessage): MemoryLane {
    const priority = Math.min(stored.message.properties.priority ?? 0, this.#lanes.length - 1);
    const lane = this.#lanes[this.#lanes.length - 1 - priority];
    if (lane === undefined) throw new RangeError(`Queue "${this.name}" has no priority ${priority}`);
    return lane;
  }

  /** Delivers ready messages within the prefetch counts, to each consumer in turn. */
  #serve(): void {
    for (let consumer = this.#nextConsumer(); consumer !== undefined; consumer = this.#nextConsumer()) {
      const stored = this.#take();
      if (stored === undefined) return;
      if (!this.#hasSingleActive) this.#consumers = inTurn([...this.#consumers, consumer], consumer);
      consumer.send(stored);
    }
  }

  #nextConsumer(): MemoryConsumer | undefined {
    const candidates = this.#hasSingleActive ? this.#consumers.slice(0, 1) : this.#consumers;
    return candidates.find((consumer) => consumer.hasRoom);
  }

  #take(): StoredMessage | undefined {
    this.#expireHeads();
    return this.#lanes.find((lane) => lane.size > 0)?.takeHead();
  }

  #dropHead(): void {
    const oldest = this.#lanes.findLast((lane) => lane.size > 0)?.takeHead();
    if (oldest !== undefined) this.#parts.bury(oldest, "maxlen", this);
  }

  /** Only what stands at the head expires, as in RabbitMQ. */
  #expireHeads(): void {
    const now = this.#parts.clock.monotonicMs();
    for (const lane of this.#lanes) {
      for (let head = lane.head(); isOver(head, now); head = lane.head()) {
        lane.takeHead();
        this.#parts.bury(head, "expired", this);
      }
    }
  }

  #awaitExpiry(): void {
    this.#cancelExpiry();
    const times = this.#lanes.flatMap((lane) => lane.head()?.expiresAt ?? []);
    if (times.length === 0) return;
    const delayMs = Math.min(...times) - this.#parts.clock.monotonicMs();
    this.#cancelExpiry = this.#parts.clock.setTimer(Math.max(0, delayMs), () => {
      this.#expireHeads();
      this.#awaitExpiry();
    });
  }
}

/** `last` goes behind the others of its priority. */
function inTurn(consumers: readonly MemoryConsumer[], last: MemoryConsumer): readonly MemoryConsumer[] {
  const others = consumers.filter((consumer) => consumer !== last);
  return [...others, last].toSorted((a, b) => b.options.priority - a.options.priority);
}

function isOver(stored: StoredMessage | undefined, now: number): stored is StoredMessage {
  return stored !== undefined && stored.expiresAt !== null && stored.expiresAt <= now;
}

function numberIn(table: HeaderTable, name: string): number | null {
  const value = table[name];
  return typeof value === "number" ? value : null;
}
