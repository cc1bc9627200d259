import { type Duration, durationMs } from "../ports/duration.ts";
import type { WireMessage } from "@leveret/celery-protocol";
import type { ExchangeDeclaration, QueueDeclaration, BrokerTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type {
  BrowseOptions,
  ConnectOptions,
  DeclareMode,
  Delivery,
  Publisher,
  QueueInfo,
  SubscribeOptions,
  Subscription,
  Transport,
  TransportState,
} from "../ports/transport.ts";
import { MemoryBroker, type MemoryPeer } from "./memory-broker.ts";
import { browseMemory } from "./memory-browse.ts";
import { MemoryPublisher } from "./memory-publisher.ts";
import { MemorySubscription } from "./memory-subscription.ts";

/** How a memory transport is made. */
export interface MemoryTransportOptions {
  /** Default: a broker of its own. */
  readonly broker?: MemoryBroker;
  /** How long a publish waits while the broker is away or blocked, by the broker's clock. Default 30 s. */
  readonly publishTimeout?: Duration;
  /** Logs queues that are used as they are. Default: none. */
  readonly logger?: Logger;
}

class MemoryTransport implements Transport, MemoryPeer {
  readonly publisher: Publisher;
  readonly #broker: MemoryBroker;
  readonly #logger: Logger | undefined;
  readonly #outbox: MemoryPublisher;
  readonly #subscriptions = new Set<MemorySubscription>();
  readonly #listeners = new Set<(state: TransportState) => void>();
  readonly #browsing = new Set<(reason: Error) => void>();
  readonly #unwatch: () => void;
  #state: TransportState = "idle";

  constructor(options: MemoryTransportOptions) {
    this.#broker = options.broker ?? new MemoryBroker();
    this.#logger = options.logger;
    this.#outbox = new MemoryPublisher(
      this.#broker,
      durationMs(options.publishTimeout ?? "30s", "publishTimeout"),
      () => this.#state,
    );
    this.publisher = this.#outbox;
    this.#unwatch = this.#broker.watch(this);
  }

  get state(): TransportState {
    return this.#state;
  }

  async connect(options: ConnectOptions = {}): Promise<void> {
    if (this.#state === "idle") this.#move("connecting");
    await Promise.resolve();
    if (this.#state === "connecting") this.#tryConnect();
    if (this.#state === "open" || this.#state === "blocked") return;
    if (this.#state === "connecting" && options.retry === true) await this.#untilOpen();
    else if (this.#state === "connecting") {
      this.#move("idle");
      throw new CeleryError("broker-unreachable", "The memory broker is stopped: start it");
    } else this.#assertAlive();
  }

  async declare(topology: BrokerTopology, mode: DeclareMode = "active"): Promise<void> {
    await this.#untilOpen();
    for (const exchange of topology.exchanges) this.#declareExchange(exchange, mode);
    for (const queue of topology.queues) this.#declareQueue(queue, mode);
    if (mode === "active") for (const binding of topology.bindings) this.#broker.bind(binding);
  }

  async inspectQueue(name: string): Promise<QueueInfo | null> {
    await this.#untilOpen();
    return this.#broker.hasQueue(name) ? this.#broker.checkQueue(name, this) : null;
  }

  async deleteQueue(name: string): Promise<void> {
    await this.#untilOpen();
    this.#broker.deleteQueue(name);
  }

  async browse(options: BrowseOptions): Promise<readonly WireMessage[] | null> {
    await this.#untilOpen();
    return browseMemory(options, { broker: this.#broker, peer: this, interrupts: this.#browsing });
  }

  async purgeQueue(name: string): Promise<number> {
    await this.#untilOpen();
    return this.#broker.purgeQueue(name);
  }

  async subscribe(options: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription> {
    if (options.topology !== undefined) await this.declare(options.topology, options.declare);
    await this.#untilOpen();
    const subscription = new MemorySubscription(options, onDelivery, {
      broker: this.#broker,
      peer: this,
      restore: async () => {
        if (options.topology !== undefined) await this.declare(options.topology, options.declare);
      },
      forget: () => this.#subscriptions.delete(subscription),
      onFault: (error) => this.#logger?.error("the callback for a delivery failed", { queue: options.queue, error }),
    });
    subscription.consume();
    this.#subscriptions.add(subscription);
    return subscription;
  }

  onState(listener: (state: TransportState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#state === "closed" || this.#state === "closing") return;
    this.#move("closing");
    this.#interrupt(new CeleryError("closed", "The transport was closed before the queue was read"));
    for (const subscription of this.#subscriptions) await subscription.cancel();
    await this.#outbox.close();
    this.#unwatch();
    this.#broker.disconnect(this);
    this.#move("closed");
  }

  onDropped(reason: Error): void {
    if (this.#state === "closing") return;
    this.#move("connecting");
    this.#interrupt(reason);
    for (const subscription of this.#subscriptions) subscription.onLost(reason);
    queueMicrotask(() => this.#tryConnect());
  }

  onUp(): void {
    queueMicrotask(() => this.#tryConnect());
  }

  onBlocked(blocked: boolean): void {
    if (this.#state === "closing") return;
    this.#move(blocked ? "blocked" : "open");
    this.#outbox.flush();
    if (!blocked) for (const subscription of this.#subscriptions) subscription.flush();
  }

  #interrupt(reason: Error): void {
    for (const interrupt of this.#browsing) interrupt(reason);
  }

  #tryConnect(): void {
    if (this.#state !== "connecting" || !this.#broker.connect(this)) return;
    this.#move(this.#broker.isBlocked ? "blocked" : "open");
    for (const subscription of this.#subscriptions) void subscription.restore();
    this.#outbox.onReconnected();
  }

  #declareExchange(exchange: ExchangeDeclaration, mode: DeclareMode): void {
    if (mode === "passive") this.#broker.checkExchange(exchange.name);
    else this.#broker.declareExchange(exchange);
  }

  #declareQueue(queue: QueueDeclaration, mode: DeclareMode): void {
    if (mode === "passive") this.#broker.checkQueue(queue.name, this);
    else if (this.#broker.declareQueue(queue, this) === "as-it-is") {
      this.#logger?.info("the queue exists with other arguments and is used as it is", { queue: queue.name });
    }
  }

  #assertAlive(): void {
    if (this.#state !== "closing" && this.#state !== "closed") return;
    throw new CeleryError("closed", "The transport is closed. Create a new one.");
  }

  #untilOpen(): Promise<void> {
    this.#assertAlive();
    if (this.#state === "open" || this.#state === "blocked") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = this.onState((state) => {
        if (state === "connecting" || state === "idle") return;
        stop();
        if (state === "open" || state === "blocked") resolve();
        else reject(new CeleryError("closed", "The transport was closed before it was connected"));
      });
    });
  }

  #move(state: TransportState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) {
      try {
        listener(state);
      } catch (error) {
        this.#logger?.error("a listener of the transport's state failed", { error });
      }
    }
  }
}

/** A transport without a broker: for tests, and for a client and a worker in one process. */
export function createMemoryTransport(options: MemoryTransportOptions = {}): Transport {
  return new MemoryTransport(options);
}
