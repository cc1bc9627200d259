import type { Address, Binding, Exchange, Queue, WireMessage } from "@leveret/celery-protocol";
import type { Clock } from "../ports/clock.ts";
import { CeleryError, UnroutableError } from "../ports/errors.ts";
import type { QueueInfo } from "../ports/transport.ts";
import { systemClock } from "../system/clock.ts";
import { MemoryConsumer, type MemoryConsumerOptions } from "./memory-consumer.ts";
import { type DeathReason, isCycle, withDeath } from "./memory-death.ts";
import { assertPossible, assertSameExchange, assertSameQueue, takesAsItIs } from "./memory-declare.ts";
import { copyMessage, type StoredMessage } from "./memory-message.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { follows, type Route } from "./memory-routing.ts";

/** How a memory broker is made. */
export interface MemoryBrokerOptions {
  /** Drives expiry of messages and queues. Default: the machine's. */
  readonly clock?: Clock;
}

/** What the broker tells those connected to it. */
export interface MemoryPeer {
  /** The connection is gone, with everything that hung on it. */
  onDropped(reason: Error): void;
  /** The broker takes connections (again). */
  onUp(): void;
  onBlocked(blocked: boolean): void;
}

interface KnownExchange {
  readonly declaration: Exchange;
  readonly routes: Route[];
}

interface Attached {
  readonly queue: MemoryQueue;
  readonly consumer: MemoryConsumer;
}

const DEFAULT_EXCHANGE: Exchange = { name: "", type: "direct", durable: true, autoDelete: false };

/**
 * A message broker in memory with the manners of RabbitMQ. Several transports may share one; a test may look into its
 * queues and make it misbehave. Everything happens in the order it was asked for.
 */
export class MemoryBroker {
  readonly #clock: Clock;
  readonly #exchanges = new Map<string, KnownExchange>();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #owners = new Map<MemoryQueue, MemoryPeer>();
  readonly #peers = new Map<MemoryPeer, Set<Attached>>();
  readonly #watchers = new Set<MemoryPeer>();
  #sequence = 0;
  #isUp = true;
  #isBlocked = false;
  #refusals = 0;
  #heldConfirms: (() => void)[] | null = null;

  constructor(options: MemoryBrokerOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.declareExchange(DEFAULT_EXCHANGE);
  }

  get clock(): Clock {
    return this.#clock;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** The names of all queues, in the order of their declaration. */
  queues(): readonly string[] {
    return [...this.#queues.keys()];
  }

  /** The messages that wait in a queue, in the order in which they would be handed out. */
  messages(queue: string): readonly WireMessage[] {
    return this.#queue(queue)
      .messages()
      .map(({ message }) => message);
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
    for (const queue of this.#queues.values()) if (!queue.declaration.durable) this.#remove(queue);
    for (const queue of this.#queues.values()) queue.purge(({ message }) => message.properties.persistent !== true);
    for (const [name, { declaration }] of this.#exchanges) if (!declaration.durable) this.#exchanges.delete(name);
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

  releaseConfirms(): void {
    const held = this.#heldConfirms ?? [];
    this.#heldConfirms = null;
    for (const release of held) release();
  }

  // AMQP: what a transport asks of the broker.

  /** Tells `peer` of ups; the returned function stops that. */
  watch(peer: MemoryPeer): () => void {
    this.#watchers.add(peer);
    return () => this.#watchers.delete(peer);
  }

  /** False: it is down. */
  connect(peer: MemoryPeer): boolean {
    if (!this.#isUp) return false;
    this.#peers.set(peer, new Set());
    return true;
  }

  /** Ends a connection: what it held unsettled goes back, its exclusive queues go. */
  disconnect(peer: MemoryPeer): void {
    const attached = this.#peers.get(peer) ?? new Set<Attached>();
    this.#peers.delete(peer);
    if (this.#heldConfirms !== null) this.#heldConfirms = [];
    for (const { queue, consumer } of attached) {
      for (const stored of consumer.abandon()) this.#giveBack(queue, stored);
      queue.drop(consumer);
    }
    for (const [queue, owner] of this.#owners) if (owner === peer) this.#remove(queue);
  }

  declareExchange(exchange: Exchange): void {
    const known = this.#exchanges.get(exchange.name);
    if (known === undefined) this.#exchanges.set(exchange.name, { declaration: exchange, routes: [] });
    else assertSameExchange(known.declaration, exchange);
  }

  /** Declares; "as-it-is" says that the queue exists with arguments the caller did not name. */
  declareQueue(queue: Queue, peer: MemoryPeer): "declared" | "as-it-is" {
    const known = this.#queues.get(queue.name);
    if (known === undefined) {
      assertPossible(queue);
      this.#create(queue, peer);
      return "declared";
    }
    this.#assertAccess(known, peer);
    known.touch();
    if (takesAsItIs(known.declaration, queue)) return known.hasArguments ? "as-it-is" : "declared";
    assertSameQueue(known.declaration, queue);
    return "declared";
  }

  bind(binding: Binding): void {
    if (binding.source === "") return;
    const { routes } = this.#exchange(binding.source);
    if (binding.destinationType === "queue") this.#queue(binding.destination);
    else this.#exchange(binding.destination);
    const { destination, destinationType, routingKey } = binding;
    const route: Route = { destination, destinationType, routingKey, arguments: binding.arguments ?? {} };
    const isSame = (other: Route) => JSON.stringify(other) === JSON.stringify(route);
    if (!routes.some(isSame)) routes.push(route);
  }

  /** Fails with `not-found` when the exchange does not exist. */
  checkExchange(name: string): void {
    this.#exchange(name);
  }

  /** Fails with `not-found` when the queue does not exist. */
  checkQueue(name: string, peer: MemoryPeer): QueueInfo {
    const queue = this.#queue(name);
    this.#assertAccess(queue, peer);
    return { name, messageCount: queue.messageCount, consumerCount: queue.consumers.length };
  }

  hasQueue(name: string): boolean {
    return this.#queues.has(name);
  }

  isQuorum(name: string): boolean {
    return this.#queues.get(name)?.isQuorum ?? false;
  }

  deleteQueue(name: string): void {
    const queue = this.#queues.get(name);
    if (queue !== undefined) this.#remove(queue);
  }

  /** Takes a message and calls `confirm` in order, or throws the reason why not. */
  publish(message: WireMessage, address: Address, mandatory: boolean, confirm: () => void): void {
    this.#exchange(address.exchange);
    const copy = copyMessage(message);
    const targets = this.#route(address, copy);
    if (targets.size === 0 && mandatory) throw new UnroutableError(address.exchange, address.routingKey);
    if (this.#refusals > 0) {
      this.#refusals -= 1;
      throw refusal(address);
    }
    const taken = [...targets].map((queue) => this.#push(queue, copy, address));
    if (taken.includes(false)) throw refusal(address);
    if (this.#heldConfirms === null) confirm();
    else this.#heldConfirms.push(confirm);
  }

  consume(name: string, peer: MemoryPeer, options: MemoryConsumerOptions): MemoryConsumer {
    const queue = this.#queue(name);
    this.#assertAccess(queue, peer);
    const others = queue.consumers;
    if ((options.exclusive && others.length > 0) || others.some((other) => other.options.exclusive)) {
      throw new CeleryError("access-refused", `The queue "${name}" has an exclusive consumer or cannot give one: wait`);
    }
    const consumer = new MemoryConsumer(options);
    this.#peers.get(peer)?.add({ queue, consumer });
    queue.add(consumer);
    return consumer;
  }

  /** No more deliveries; what it holds may still be settled. */
  cancel(consumer: MemoryConsumer, peer: MemoryPeer): void {
    const attached = this.#attachment(consumer, peer);
    if (attached === undefined) return;
    for (const stored of consumer.shut()) this.#giveBack(attached.queue, stored);
    attached.queue.drop(consumer);
  }

  /** False: the connection is gone, or it was settled before. */
  settle(
    consumer: MemoryConsumer,
    stored: StoredMessage,
    peer: MemoryPeer,
    how: "ack" | "requeue" | "reject",
  ): boolean {
    const attached = this.#attachment(consumer, peer);
    if (attached === undefined || !consumer.release(stored)) return false;
    const { queue } = attached;
    if (how === "requeue") this.#giveBack(queue, stored);
    else if (how === "reject") this.#bury(stored, "rejected", queue);
    queue.onSettled();
    return true;
  }

  #attachment(consumer: MemoryConsumer, peer: MemoryPeer): Attached | undefined {
    return [...(this.#peers.get(peer) ?? [])].find((attached) => attached.consumer === consumer);
  }

  #setBlocked(blocked: boolean): void {
    this.#isBlocked = blocked;
    for (const peer of this.#peers.keys()) peer.onBlocked(blocked);
  }

  #create(queue: Queue, peer: MemoryPeer): void {
    const created = new MemoryQueue(queue, {
      clock: this.#clock,
      bury: (stored, reason, from) => this.#bury(stored, reason, from),
      remove: (unused) => this.#remove(unused),
    });
    this.#queues.set(queue.name, created);
    if (queue.exclusive) this.#owners.set(created, peer);
    const { routes } = this.#exchange("");
    routes.push({ destination: queue.name, destinationType: "queue", routingKey: queue.name, arguments: {} });
  }

  /** A queue goes, with its messages and its bindings; auto-delete exchanges that lose their last binding go too. */
  #remove(queue: MemoryQueue): void {
    if (this.#queues.get(queue.name) !== queue) return;
    this.#queues.delete(queue.name);
    this.#owners.delete(queue);
    queue.close();
    this.#unbind("queue", queue.name);
    for (const consumer of queue.consumers) {
      consumer.abandon();
      consumer.options.onCancelled(new CeleryError("not-found", `The queue "${queue.name}" was deleted`));
    }
  }

  #unbind(destinationType: Route["destinationType"], destination: string): void {
    for (const { declaration, routes } of this.#exchanges.values()) {
      const kept = routes.filter((r) => r.destinationType !== destinationType || r.destination !== destination);
      const lost = kept.length < routes.length;
      routes.splice(0, routes.length, ...kept);
      if (lost && kept.length === 0 && declaration.autoDelete) {
        this.#exchanges.delete(declaration.name);
        this.#unbind("exchange", declaration.name);
      }
    }
  }

  #route(address: Address, message: WireMessage): Set<MemoryQueue> {
    const targets = new Set<MemoryQueue>();
    const seen = new Set<string>();
    const visit = (name: string) => {
      const exchange = this.#exchanges.get(name);
      if (exchange === undefined || seen.has(name)) return;
      seen.add(name);
      for (const route of exchange.routes) {
        if (!follows(exchange.declaration.type, route, address.routingKey, message.headers)) continue;
        const queue = this.#queues.get(route.destination);
        if (route.destinationType === "exchange") visit(route.destination);
        else if (queue !== undefined) targets.add(queue);
      }
    };
    visit(address.exchange);
    return targets;
  }

  #push(queue: MemoryQueue, message: WireMessage, address: Address): boolean {
    const lifetimes = [message.properties.expirationMs, queue.arguments["x-message-ttl"]];
    const lifetime = Math.min(...lifetimes.filter((value) => typeof value === "number"));
    const expiresAt = Number.isFinite(lifetime) ? this.#clock.now() + lifetime : null;
    this.#sequence += 1;
    return queue.push({ message, address, sequence: this.#sequence, expiresAt, deliveries: 0 });
  }

  /** Back to where it stood; the next consumer sees that it was handed out before. */
  #giveBack(queue: MemoryQueue, stored: StoredMessage): void {
    if (this.#queues.get(queue.name) !== queue) return;
    queue.giveBack({ ...stored, deliveries: stored.deliveries + 1 });
  }

  #bury(stored: StoredMessage, reason: DeathReason, queue: MemoryQueue): void {
    const exchange = queue.arguments["x-dead-letter-exchange"];
    if (typeof exchange !== "string") return;
    const key = queue.arguments["x-dead-letter-routing-key"];
    const routingKey = typeof key === "string" ? key : stored.address.routingKey;
    const message = withDeath(stored, reason, queue.name, this.#clock.now());
    for (const target of this.#route({ exchange, routingKey }, message)) {
      if (!isCycle(message, target.name)) this.#push(target, message, { exchange, routingKey });
    }
  }

  #exchange(name: string): KnownExchange {
    const exchange = this.#exchanges.get(name);
    if (exchange !== undefined) return exchange;
    throw new CeleryError("not-found", `The exchange "${name}" does not exist: declare it first`);
  }

  #queue(name: string): MemoryQueue {
    const queue = this.#queues.get(name);
    if (queue !== undefined) return queue;
    throw new CeleryError("not-found", `The queue "${name}" does not exist: declare it first, or start who does`);
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
    `The broker refused the message for exchange "${address.exchange}" with routing key "${address.routingKey}": the queue is full or failing`,
  );
}

/** A broker in memory, to be shared by transports. */
export function createMemoryBroker(options?: MemoryBrokerOptions): MemoryBroker {
  return new MemoryBroker(options);
}
