import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from "@leveret/celery-protocol/routing";
import type { Clock } from "../ports/clock.ts";
import { CeleryError, UnroutableError } from "../ports/errors.ts";
import type { QueueInfo } from "../ports/transport.ts";
import { systemClock } from "../system/clock.ts";
import { MemoryConsumer, type MemoryConsumerOptions } from "./memory-consumer.ts";
import { copyMessage, type StoredMessage } from "./memory-message.ts";
import type { MemoryQueue } from "./memory-queue.ts";
import { MemoryVhost } from "./memory-vhost.ts";

/** How a memory broker is made. */
export interface MemoryBrokerOptions {
  /** Drives expiry of messages and queues. Default: the machine's. */
  readonly clock?: Clock;
}

/** Notifications of the broker to its peers. */
export interface MemoryPeer {
  /** The connection is gone, with everything that hung on it. */
  onDropped(reason: Error): void;
  /** The broker takes connections (again). */
  onUp(): void;
  /** Called when the broker blocks or unblocks its publishers. */
  onBlocked(blocked: boolean): void;
}

interface Attached {
  readonly queue: MemoryQueue;
  readonly consumer: MemoryConsumer;
}

/**
 * A message broker in memory that behaves like RabbitMQ. Several transports may share one; a test may inspect its
 * queues and inject faults. All operations happen in the order of their calls.
 */
export class MemoryBroker {
  /** Drives expiry of messages and queues, and the deadlines of transports. */
  readonly clock: Clock;
  readonly #vhost: MemoryVhost;
  readonly #owners = new Map<MemoryQueue, MemoryPeer>();
  readonly #peers = new Map<MemoryPeer, Map<MemoryConsumer, Attached>>();
  readonly #watchers = new Set<MemoryPeer>();
  #isUp = true;
  #isBlocked = false;
  #refusals = 0;
  #heldConfirms: (() => void)[] | null = null;

  constructor(options: MemoryBrokerOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.#vhost = new MemoryVhost(this.clock);
  }

  /** Whether the broker takes connections. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether the broker blocks publishers. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** The names of all queues, in the order of their declaration. */
  queues(): readonly string[] {
    return [...this.#vhost.queues.keys()];
  }

  /** The messages that wait in a queue, in the order in which they would be handed out. */
  messages(queue: string): readonly WireMessage[] {
    const waiting = this.#vhost.queue(queue).messages();
    return waiting.map(({ message }) => message);
  }

  // Faults: what a test does to the broker.

  /** Cuts every connection, as a network does. */
  drop(): void {
    for (const peer of this.#peers.keys()) {
      this.disconnect(peer);
      peer.onDropped(new CeleryError("connection-lost", "The memory broker dropped the connection"));
    }
  }

  /** Stops, as a restart does: connections are cut and refused, what is not durable or persistent is gone. */
  stop(): void {
    this.#isUp = false;
    this.drop();
    this.#vhost.forgetTransient();
  }

  /** Takes connections again after `stop`. */
  start(): void {
    this.#isUp = true;
    for (const peer of this.#watchers) peer.onUp();
  }

  /** Holds publishes back, as a memory alarm does. */
  block(): void {
    this.#setBlocked(true);
  }

  /** Ends `block`. */
  unblock(): void {
    this.#setBlocked(false);
  }

  /** Refuses the next `count` publishes (`basic.nack`). */
  refuseNext(count = 1): void {
    this.#refusals += count;
  }

  /** Takes messages and keeps their confirms back, until `releaseConfirms`; a drop meanwhile loses the confirms. */
  holdConfirms(): void {
    this.#heldConfirms ??= [];
  }

  /** Sends the confirms that were withheld. */
  releaseConfirms(): void {
    const held = this.#heldConfirms ?? [];
    this.#heldConfirms = null;
    for (const release of held) release();
  }

  // AMQP: what a transport asks of the broker.

  /** Notifies `peer` when the broker is up; the returned function stops that. */
  watch(peer: MemoryPeer): () => void {
    this.#watchers.add(peer);
    return () => this.#watchers.delete(peer);
  }

  /** False: it is down. */
  connect(peer: MemoryPeer): boolean {
    if (!this.#isUp) return false;
    this.#peers.set(peer, new Map());
    return true;
  }

  /** Ends a connection: its unsettled deliveries are requeued, its exclusive queues deleted. */
  disconnect(peer: MemoryPeer): void {
    const attached = [...(this.#peers.get(peer)?.values() ?? [])];
    this.#peers.delete(peer);
    if (this.#heldConfirms !== null) this.#heldConfirms = [];
    for (const each of attached) this.#abandon(each);
    for (const [queue, owner] of this.#owners) if (owner === peer) this.#vhost.remove(queue);
  }

  /** Declares an exchange. */
  declareExchange(exchange: ExchangeDeclaration): void {
    this.#vhost.declareExchange(exchange);
  }

  /** Declares; "as-it-is": the queue exists with arguments that the caller did not name. */
  declareQueue(queue: QueueDeclaration, peer: MemoryPeer): "created" | "known" | "as-it-is" {
    const known = this.#vhost.queues.get(queue.name);
    if (known !== undefined) this.#assertAccess(known, peer);
    const outcome = this.#vhost.declareQueue(queue);
    if (queue.exclusive) this.#owners.set(this.#vhost.queue(queue.name), peer);
    return outcome;
  }

  /** Binds a queue or an exchange. */
  bind(binding: BindingDeclaration): void {
    this.#vhost.bind(binding);
  }

  /** Fails with `not-found` when the exchange does not exist. */
  checkExchange(name: string): void {
    this.#vhost.exchange(name);
  }

  /** Fails with `not-found` when the queue does not exist. */
  checkQueue(name: string, peer: MemoryPeer): QueueInfo {
    const queue = this.#vhost.queue(name);
    this.#assertAccess(queue, peer);
    return { name, messageCount: queue.messageCount, consumerCount: queue.consumers.length };
  }

  /** Whether a queue exists. */
  hasQueue(name: string): boolean {
    return this.#vhost.queues.has(name);
  }

  /** Whether a queue is a quorum queue. */
  isQuorum(name: string): boolean {
    return this.#vhost.queues.get(name)?.isQuorum ?? false;
  }

  /** Deletes a queue with its messages. */
  deleteQueue(name: string): void {
    const queue = this.#vhost.queues.get(name);
    if (queue !== undefined) this.#vhost.remove(queue);
  }

  /** Deletes the ready messages of a queue, and returns their number. */
  purgeQueue(name: string): number {
    const queue = this.#vhost.queues.get(name);
    const count = queue?.messageCount ?? 0;
    queue?.purge(() => true);
    return count;
  }

  /** Takes a message and calls `confirm` in order, or throws the reason why not. */
  publish(message: WireMessage, address: Address, mandatory: boolean, confirm: () => void): void {
    this.#vhost.exchange(address.exchange);
    const whole = copyMessage(message);
    const targets = this.#vhost.route(address, whole);
    const { BCC: _hidden, ...headers } = whole.headers;
    const copy = { ...whole, headers };
    if (targets.size === 0 && mandatory) throw new UnroutableError(address.exchange, address.routingKey);
    if (this.#refusals > 0) {
      this.#refusals -= 1;
      throw refusal(address);
    }
    const taken = [...targets].map((queue) => this.#vhost.push(queue, copy, address));
    if (taken.includes(false)) throw refusal(address);
    if (this.#heldConfirms === null) confirm();
    else this.#heldConfirms.push(confirm);
  }

  /** Adds a consumer to a queue. */
  consume(name: string, peer: MemoryPeer, options: MemoryConsumerOptions): MemoryConsumer {
    const queue = this.#vhost.queue(name);
    this.#assertAccess(queue, peer);
    const others = queue.consumers;
    if ((options.exclusive && others.length > 0) || others.some((other) => other.options.exclusive)) {
      throw new CeleryError("access-refused", `The queue "${name}" has an exclusive consumer or cannot give one: wait`);
    }
    const consumer = new MemoryConsumer(options);
    this.#peers.get(peer)?.set(consumer, { queue, consumer });
    queue.add(consumer);
    return consumer;
  }

  /** No more deliveries; what it holds may still be settled. */
  cancel(consumer: MemoryConsumer, peer: MemoryPeer): void {
    const attached = this.#peers.get(peer)?.get(consumer);
    if (attached === undefined) return;
    for (const stored of consumer.shut()) this.#giveBack(attached.queue, stored);
    attached.queue.drop(consumer);
  }

  /** No more deliveries, and what it holds goes back, before another consumer of the queue is served. */
  release(consumer: MemoryConsumer, peer: MemoryPeer): void {
    const held = this.#peers.get(peer);
    const attached = held?.get(consumer);
    held?.delete(consumer);
    if (attached !== undefined) this.#abandon(attached);
  }

  /** Whether a consumer's connection is there, so that what it holds may be settled. */
  isAttached(consumer: MemoryConsumer, peer: MemoryPeer): boolean {
    return this.#peers.get(peer)?.has(consumer) ?? false;
  }

  /** False: the connection is gone, or it was settled before. */
  settle(
    consumer: MemoryConsumer,
    stored: StoredMessage,
    peer: MemoryPeer,
    how: "ack" | "requeue" | "reject",
  ): boolean {
    const attached = this.#peers.get(peer)?.get(consumer);
    if (attached === undefined || !consumer.release(stored)) return false;
    const { queue } = attached;
    if (how === "requeue") this.#giveBack(queue, stored);
    else if (how === "reject") this.#vhost.bury(stored, "rejected", queue);
    queue.onSettled();
    return true;
  }

  #abandon({ queue, consumer }: Attached): void {
    for (const stored of consumer.abandon()) this.#giveBack(queue, stored);
    queue.drop(consumer);
  }

  #setBlocked(blocked: boolean): void {
    this.#isBlocked = blocked;
    for (const peer of this.#peers.keys()) peer.onBlocked(blocked);
  }

  /** Back to where it stood; the next consumer sees that it was handed out before. */
  #giveBack(queue: MemoryQueue, stored: StoredMessage): void {
    if (this.#vhost.queues.get(queue.name) !== queue) return;
    queue.giveBack({ ...stored, deliveries: stored.deliveries + 1 });
  }

  #assertAccess(queue: MemoryQueue, peer: MemoryPeer): void {
    const owner = this.#owners.get(queue);
    if (owner === undefined || owner === peer) return;
    throw new CeleryError("access-refused", `The queue "${queue.name}" is exclusive to another connection`);
  }
}

function refusal(address: Address): CeleryError {
  return new CeleryError(
    "publish-nacked",
    `The broker refused the message: exchange "${address.exchange}", routing key "${address.routingKey}" (basic.nack). The queue is full or failing: let it drain, or raise its limit.`,
  );
}

/** A broker in memory, to be shared by transports. */
export function createMemoryBroker(options?: MemoryBrokerOptions): MemoryBroker {
  return new MemoryBroker(options);
}
