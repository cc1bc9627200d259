import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from "@leveret/celery-protocol/routing";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { type DeathReason, isCycle, withDeath } from "./memory-death.ts";
import { assertPossible, assertSameExchange, assertSameQueue, takesAsItIs } from "./memory-declare.ts";
import type { StoredMessage } from "./memory-message.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { follows, type Route } from "./memory-routing.ts";

interface KnownExchange {
  readonly declaration: ExchangeDeclaration;
  readonly routes: Route[];
}

const DEFAULT_EXCHANGE: ExchangeDeclaration = { name: "", type: "direct", durable: true, autoDelete: false };

/** The declarations of a memory broker, and its routing of messages. */
export class MemoryVhost {
  readonly #clock: Clock;
  readonly #exchanges = new Map<string, KnownExchange>();
  readonly #queues = new Map<string, MemoryQueue>();
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.declareExchange(DEFAULT_EXCHANGE);
  }

  get queues(): ReadonlyMap<string, MemoryQueue> {
    return this.#queues;
  }

  declareExchange(exchange: ExchangeDeclaration): void {
    const known = this.#exchanges.get(exchange.name);
    if (known === undefined) this.#exchanges.set(exchange.name, { declaration: exchange, routes: [] });
    else assertSameExchange(known.declaration, exchange);
  }

  /** "as-it-is": the queue exists with arguments that the caller did not name. */
  declareQueue(queue: QueueDeclaration): "created" | "known" | "as-it-is" {
    const known = this.#queues.get(queue.name);
    if (known === undefined) {
      assertPossible(queue);
      this.#create(queue);
      return "created";
    }
    known.touch();
    if (takesAsItIs(known.declaration, queue)) return known.hasArguments ? "as-it-is" : "known";
    assertSameQueue(known.declaration, queue);
    return "known";
  }

  bind(binding: BindingDeclaration): void {
    if (binding.source === "") return;
    const { routes } = this.exchange(binding.source);
    if (binding.destinationType === "queue") this.queue(binding.destination);
    else this.exchange(binding.destination);
    const { destination, destinationType, routingKey } = binding;
    const route: Route = { destination, destinationType, routingKey, arguments: binding.arguments ?? {} };
    const isSame = (other: Route) => JSON.stringify(other) === JSON.stringify(route);
    if (!routes.some(isSame)) routes.push(route);
  }

  /** @throws CeleryError with code `not-found`. */
  exchange(name: string): KnownExchange {
    const exchange = this.#exchanges.get(name);
    if (exchange !== undefined) return exchange;
    throw new CeleryError("not-found", `The exchange "${name}" does not exist: declare it first`);
  }

  /** @throws CeleryError with code `not-found`. */
  queue(name: string): MemoryQueue {
    const queue = this.#queues.get(name);
    if (queue !== undefined) return queue;
    throw new CeleryError(
      "not-found",
      `The queue does not exist: "${name}" (404). Declare it first, or start the service that declares it.`,
    );
  }

  /** A queue goes, with its messages, consumers and bindings. */
  remove(queue: MemoryQueue): void {
    if (this.#queues.get(queue.name) !== queue) return;
    this.#queues.delete(queue.name);
    queue.close();
    this.#unbind("queue", queue.name);
    for (const consumer of queue.consumers) {
      consumer.abandon();
      consumer.options.onCancelled(new CeleryError("not-found", `The queue "${queue.name}" was deleted`));
    }
  }

  /** As a restart does: what is not durable goes, and the messages that are not persistent. */
  forgetTransient(): void {
    for (const queue of this.#queues.values()) {
      if (queue.declaration.durable) queue.purge(({ message }) => message.properties.persistent !== true);
      else this.remove(queue);
    }
    for (const [name, { declaration }] of this.#exchanges) if (!declaration.durable) this.#exchanges.delete(name);
  }

  /** The queues that take a message. */
  route(address: Address, message: WireMessage): ReadonlySet<MemoryQueue> {
    const targets = new Set<MemoryQueue>();
    for (const key of [address.routingKey, ...furtherKeys(message)])
      this.#visit(address.exchange, key, message, targets, new Set());
    return targets;
  }

  /** False: the queue refuses. */
  push(queue: MemoryQueue, message: WireMessage, address: Address): boolean {
    const lifetimes = [message.properties.expirationMs, queue.arguments["x-message-ttl"]];
    const lifetime = Math.min(...lifetimes.filter((value) => typeof value === "number"));
    const expiresAt = Number.isFinite(lifetime) ? this.#clock.monotonicMs() + lifetime : null;
    this.#sequence += 1;
    return queue.push({ message, address, sequence: this.#sequence, expiresAt, deliveries: 0 });
  }

  /** To the dead-letter exchange of the queue, if it has one. */
  bury(stored: StoredMessage, reason: DeathReason, queue: MemoryQueue): void {
    const exchange = queue.arguments["x-dead-letter-exchange"];
    if (typeof exchange !== "string") return;
    const key = queue.arguments["x-dead-letter-routing-key"];
    const address = { exchange, routingKey: typeof key === "string" ? key : stored.address.routingKey };
    const message = withDeath(stored, reason, queue.name, this.#clock.now());
    for (const target of this.route(address, message)) {
      if (!isCycle(message, target.name)) this.push(target, message, address);
    }
  }

  #create(queue: QueueDeclaration): void {
    const created = new MemoryQueue(queue, {
      clock: this.#clock,
      bury: (stored, reason, from) => this.bury(stored, reason, from),
      remove: (unused) => this.remove(unused),
    });
    this.#queues.set(queue.name, created);
  }

  /** The default exchange has a binding for every queue, by its name; an exchange is gone through once. */
  #visit(name: string, routingKey: string, message: WireMessage, targets: Set<MemoryQueue>, seen: Set<string>): void {
    const exchange = this.#exchanges.get(name);
    if (exchange === undefined || seen.has(name)) return;
    seen.add(name);
    const named = name === "" ? this.#queues.get(routingKey) : undefined;
    if (named !== undefined) targets.add(named);
    for (const route of exchange.routes) {
      if (!follows(exchange.declaration.type, route, routingKey, message.headers)) continue;
      const queue = this.#queues.get(route.destination);
      if (route.destinationType === "exchange") this.#visit(route.destination, routingKey, message, targets, seen);
      else if (queue !== undefined) targets.add(queue);
    }
  }

  /** Auto-delete exchanges that lose their last binding go with it. */
  #unbind(destinationType: Route["destinationType"], destination: string): void {
    for (const { declaration, routes } of this.#exchanges.values()) {
      const kept = routes.filter((r) => r.destinationType !== destinationType || r.destination !== destination);
      const hasLost = kept.length < routes.length;
      routes.splice(0, routes.length, ...kept);
      if (hasLost && kept.length === 0 && declaration.autoDelete) {
        this.#exchanges.delete(declaration.name);
        this.#unbind("exchange", declaration.name);
      }
    }
  }
}

/** Sender-selected distribution: RabbitMQ takes the keys of `CC` and `BCC` as well. */
function furtherKeys({ headers }: WireMessage): readonly string[] {
  return [headers["CC"], headers["BCC"]].flatMap((keys) =>
    Array.isArray(keys) ? keys.filter((key): key is string => typeof key === "string") : [],
  );
}
