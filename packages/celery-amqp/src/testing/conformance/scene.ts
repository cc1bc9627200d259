import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { WireMessage } from "@leveret/celery-protocol";
import type { QueueDeclaration, BrokerTopology } from "@leveret/celery-protocol/routing";
import { CeleryError, type CeleryErrorCode } from "../../ports/errors.ts";
import type { Delivery, SubscribeOptions, Transport } from "../../ports/transport.ts";
import { Inbox } from "./inbox.ts";

/** What an implementation brings to the suite. */
export interface TransportHarness {
  /** A new transport, not connected; all of one case reach the same broker. */
  readonly createTransport: () => Transport;
  /** Cuts the connections of all transports, as a network does. */
  readonly dropConnections: () => void | Promise<void>;
}

/** One promise of the port, to be run in any test framework: it rejects when the promise is broken. */
export interface TransportCase {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Runs the case; rejects where the transport fails it. */
  readonly run: (harness: TransportHarness) => Promise<void>;
}

/** One case at work: transports and queues of its own, taken down at the end. */
export class Scene {
  readonly #harness: TransportHarness;
  readonly #transports: Transport[] = [];
  readonly #queues: string[] = [];

  constructor(harness: TransportHarness) {
    this.#harness = harness;
  }

  create(): Transport {
    const transport = this.#harness.createTransport();
    this.#transports.push(transport);
    return transport;
  }

  async connect(): Promise<Transport> {
    const transport = this.create();
    await transport.connect();
    return transport;
  }

  async drop(): Promise<void> {
    await this.#harness.dropConnections();
  }

  /** A unique name. */
  name(): string {
    return `conformance.${randomUUID()}`;
  }

  /** A durable queue, declared. */
  async queue(transport: Transport, table?: QueueDeclaration["arguments"]): Promise<string> {
    const name = this.name();
    this.#queues.push(name);
    await transport.declare(queueOnly(name, table));
    return name;
  }

  async subscribe(transport: Transport, options: Partial<SubscribeOptions> & { queue: string }): Promise<Inbox> {
    const inbox = new Inbox();
    const subscription = await transport.subscribe({ prefetch: 0, ...options }, (delivery) => inbox.add(delivery));
    inbox.subscription = subscription;
    return inbox;
  }

  async end(): Promise<void> {
    const cleaner = this.create();
    await cleaner.connect();
    for (const queue of this.#queues) await cleaner.deleteQueue(queue);
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }
}

/** Makes a case that has a scene, and takes it down whatever happens. */
export function transportCase(name: string, play: (scene: Scene) => Promise<void>): TransportCase {
  return {
    name,
    run: async (harness) => {
      const scene = new Scene(harness);
      try {
        await play(scene);
      } finally {
        await scene.end();
      }
    },
  };
}

/** A durable queue by itself. */
export function queueOnly(name: string, table?: QueueDeclaration["arguments"]): BrokerTopology {
  return {
    exchanges: [],
    queues: [{ name, durable: true, autoDelete: false, exclusive: false, arguments: table }],
    bindings: [],
  };
}

/** A message with a string as its body. */
export function textMessage(text: string, properties: WireMessage["properties"] = {}): WireMessage {
  return { headers: {}, properties, body: new TextEncoder().encode(text) };
}

/** The text of a delivery. */
export function textOf({ message }: Delivery): string {
  return new TextDecoder().decode(message.body);
}

/** Publishes strings to a queue, one after the other, and waits for all confirms. */
export async function publishTexts(transport: Transport, queue: string, texts: readonly string[]): Promise<void> {
  const to = { exchange: "", routingKey: queue };
  await Promise.all(texts.map((text) => transport.publisher.publish(textMessage(text), to)));
}

/** The promise rejects with a CeleryError of this code, which is returned. */
export async function rejectsWith(code: CeleryErrorCode, promise: Promise<unknown>): Promise<CeleryError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CeleryError, `expected a CeleryError with code ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}
