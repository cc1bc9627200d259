import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type BrokerName, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { type Client, createClient, type CreateClientOptions, type TaskQueue } from "../../src/index.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../src/worker.ts";

/** A vhost of a test file's own, with workers and clients that go when their test ends. */
export interface QueueLab {
  readonly url: string;
  /** Looks into queues, declares and deletes them. */
  readonly outside: Transport;
  queueName(): string;
  /** Messages that wait in a queue, and consumers it has; none of either where there is no such queue. */
  inspect(queue: string): Promise<{ readonly messageCount: number; readonly consumerCount: number }>;
  /** A worker that is not started. */
  worker(options: CreateWorkerOptions): Worker;
  client(queues: readonly TaskQueue[], options?: CreateClientOptions): Client;
}

/** To be called in a `describe`. */
export function createQueueLab(broker: BrokerName): QueueLab {
  const live: (() => Promise<unknown>)[] = [];
  let vhost: TestVhost;
  let outside: Transport;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
    outside = createAmqpTransport({ url: vhost.url });
    await outside.connect();
  });
  afterEach(async () => {
    for (const stop of live.splice(0).toReversed()) await stop();
  });
  afterAll(async () => {
    await outside.close();
    await vhost.remove();
  });
  return {
    get url() {
      return vhost.url;
    },
    get outside() {
      return outside;
    },
    queueName: () => `q-${randomUUID()}`,
    inspect: async (queue) => (await outside.inspectQueue(queue)) ?? { messageCount: 0, consumerCount: 0 },
    worker(options) {
      const worker = createWorker({ broker: vhost.url, logLevel: "silent", ...options });
      live.push(() => worker.stop({ grace: 0 }));
      return worker;
    },
    client(queues, options = {}) {
      const client = createClient({ broker: vhost.url, queues, ...options });
      live.push(() => client.close());
      return client;
    },
  };
}
