import type { ExchangeDeclaration, QueueTopology, BrokerTopology } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { DeclareMode, Transport } from "../ports/transport.ts";

/** More names than this are not remembered: requests say them, and nobody has so many. */
const limit = 100;

/**
 * Exchanges that remote control publishes to, each declared, or looked for, once a connection: a missing one would cost the
 * channel that all publishers share.
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
   * Resolves when it is there.
   *
   * @param mode - `passive` declares nothing, for a name that a message gives
   * @throws CeleryError what declaring it ends in
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

  /** What publishing to it ended in: a missing one is declared again for the next. */
  onFailed(name: string, error: unknown): void {
    if (error instanceof CeleryError && error.code === "not-found") this.#known.delete(name);
  }

  /** Safe to call twice. */
  close(): void {
    this.#unwatch();
  }
}

/**
 * The same queue for this connection alone, as Celery 5.7 declares its own: RabbitMQ 4.3 takes no queue that is neither
 * durable nor exclusive (`transient_nonexcl_queues`).
 */
export function exclusively({ queues, ...topology }: QueueTopology): BrokerTopology {
  return { ...topology, queues: queues.map((queue) => ({ ...queue, exclusive: true })) };
}
