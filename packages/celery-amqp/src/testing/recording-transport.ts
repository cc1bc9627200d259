import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import type {
  BrowseOptions,
  ConnectOptions,
  DeclareMode,
  Delivery,
  Publisher,
  PublishOptions,
  QueueInfo,
  SubscribeOptions,
  Subscription,
  Transport,
  TransportState,
} from "../ports/transport.ts";

/** A transport that records each message before it publishes it. */
export class RecordingTransport implements Transport {
  readonly publisher: Publisher;
  readonly #inner: Transport;

  constructor(inner: Transport, onPublish: (message: WireMessage, to: Address) => void) {
    this.#inner = inner;
    this.publisher = {
      publish: (message: WireMessage, to: Address, options?: PublishOptions) => {
        onPublish(message, to);
        return inner.publisher.publish(message, to, options);
      },
    };
  }

  get state(): TransportState {
    return this.#inner.state;
  }

  connect(options?: ConnectOptions): Promise<void> {
    return this.#inner.connect(options);
  }

  declare(topology: BrokerTopology, mode?: DeclareMode): Promise<void> {
    return this.#inner.declare(topology, mode);
  }

  inspectQueue(name: string): Promise<QueueInfo | null> {
    return this.#inner.inspectQueue(name);
  }

  deleteQueue(name: string): Promise<void> {
    return this.#inner.deleteQueue(name);
  }

  browse(options: BrowseOptions): Promise<readonly WireMessage[] | null> {
    return this.#inner.browse(options);
  }

  purgeQueue(name: string): Promise<number> {
    return this.#inner.purgeQueue(name);
  }

  subscribe(options: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription> {
    return this.#inner.subscribe(options, onDelivery);
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#inner.onState(listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
