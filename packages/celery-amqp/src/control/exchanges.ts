import type { ExchangeDeclaration, QueueTopology, BrokerTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { DeclareMode, Transport } from "../ports/transport.ts";

/** Beyond this number the oldest name is forgotten: requests choose the names. */
const limit = 100;

/**
 * Exchanges that remote control publishes to, each declared, or checked, once per connection: a missing one would close
 * the channel that all publishers share.
 */
export class DeclaredExchanges {
  readonly #transport: Transport;
  readonly #known = new Map<string, Promise<void>>();
  readonly #unwatch: () => void;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#unwatch = transport.onState((state) => {
      if (state === "connecting") this.#known.clear();
    });
  }

  /**
   * Resolves when the exchange exists.
   *
   * @param mode - `passive` only checks, for a name from a message @throws CeleryError the errors of declaring it
   */
  ensure(exchange: ExchangeDeclaration, mode: DeclareMode = "active"): Promise<void> {
    if (exchange.name === "") return Promise.resolve();
    const known = this.#known.get(exchange.name);
    if (known !== undefined) return known;
    if (this.#known.size >= limit) this.#known.clear();
    const declared = this.#transport.declare({ exchanges: [exchange], queues: [], bindings: [] }, mode);
    this.#known.set(exchange.name, declared);
    declared.catch(() => this.#known.delete(exchange.name));
    return declared;
  }

  /** After a failed publish: a missing exchange is declared again for the next one. */
  onFailed(name: string, error: unknown): void {
    if (error instanceof CeleryError && error.code === "not-found") this.#known.delete(name);
  }

  /** May be called twice. */
  close(): void {
    this.#unwatch();
  }
}

/**
 * Makes the queue exclusive to this connection, as Celery 5.7 declares its own: RabbitMQ 4.3 refuses queues that are
 * neither durable nor exclusive (`transient_nonexcl_queues`).
 */
export function exclusively({ queues, ...topology }: QueueTopology): BrokerTopology {
  return { ...topology, queues: queues.map((queue) => ({ ...queue, exclusive: true })) };
}
