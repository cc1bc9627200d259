import { randomUUID } from "node:crypto";
import { delayedAddress, delayedTopology } from "@leveret/celery-protocol/routing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, createClient, defineTask, type QueueOptions } from "../../src/index.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createQueueLab } from "../support/queue-lab.ts";

// Tasks that are due later wait in the broker, whatever broker and queue.

const when = defineTask("it.when", () => Date.now());
const kinds = ["classic", "quorum"] as const;

describe.each(brokersAtHand())("the delay of a fresh vhost on RabbitMQ (%s)", (broker) => {
  const lab = createQueueLab(broker);
  const jobs = (name: string) =>
    ({ exchange: `${name}-topic`, exchangeType: "topic", routingKey: `${name}.jobs` }) as const;

  /** As Celery's clients publish a task that is due in `seconds`. */
  async function send(client: Client, key: string, seconds: number): Promise<string> {
    const row = await client.prepare(when.s());
    const [outcome] = await client.relay([{ ...row, queue: null, ...delayedAddress(seconds, key) }]);
    expect(outcome).toMatchObject({ status: "confirmed" });
    return row.id;
  }

  test("is whole when a worker first answers, and loses nothing", async () => {
    const name = lab.queueName();
    const queues = [{ name, type: "quorum", ...jobs(name) }] as const;
    const worker = lab.worker({ tasks: [when], queues, name: `first@${name}` });
    const client = lab.client(queues);
    const second = lab.worker({ tasks: [when], queues, name: `second@${name}` });
    const started = Promise.all([worker.start(), second.start()]);
    await eventually("one answers", async () => {
      const replies = await client.inspect.ping({ timeout: "1s", limit: 1 });
      return Object.keys(replies).length > 0;
    });
    const ids = await Promise.all(Array.from({ length: 14 }, (_, n) => send(client, `${name}.jobs`, 1 + (n % 7))));
    for (const id of ids) expect(await client.result(id).get({ timeout: "60s" })).toBeGreaterThan(0);
    await started;
  });

  test("is completed where another program died while it declared it, of classic queues", async () => {
    for (let level = 0; level < 28; level += 1) await lab.outside.deleteQueue(`celery_delayed_${level}`);
    const { levels, entry } = delayedTopology("classic");
    await lab.outside.declare({ ...levels, queues: levels.queues.slice(14), bindings: [] });
    await lab.outside.declare({ ...entry, bindings: [] });
    const name = lab.queueName();
    const queues = [{ name, type: "quorum", ...jobs(name) }] as const;
    await lab.worker({ tasks: [when], queues }).start();
    const client = lab.client(queues);
    const ids = await Promise.all([1, 2, 3, 4].map((seconds) => send(client, `${name}.jobs`, seconds)));
    for (const id of ids) expect(await client.result(id).get({ timeout: "60s" })).toBeGreaterThan(0);
  });
});

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  let vhost: TestVhost;
  let outside: Transport;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
    outside = createAmqpTransport({ url: vhost.url });
    await outside.connect();
  });
  afterAll(async () => {
    await outside.close();
    await vhost.remove();
  });

  /** Messages that wait for more than half an hour. */
  async function parked(): Promise<number> {
    return (await outside.inspectQueue("celery_delayed_11"))?.messageCount ?? 0;
  }

  describe.each(kinds)("a %s queue", (type) => {
    async function withPair(
      options: Omit<QueueOptions, "name">,
      body: (client: Client, name: string, worker: Worker) => Promise<void>,
    ): Promise<void> {
      const name = `q-${randomUUID()}`;
      const queues = [{ name, ...options, ...(type === "quorum" && { type }) }];
      const worker = createWorker({
        broker: vhost.url,
        logLevel: "silent",
        tasks: [when],
        concurrency: 1,
        queues,
      });
      const client = createClient({ broker: vhost.url, defaultQueue: name, queues });
      try {
        await body(client, name, worker);
      } finally {
        await client.close();
        await worker.stop({ grace: 0 });
      }
    }

    test("runs a task that may run now behind 10 000 that may not", async () => {
      await withPair({}, async (client, name, worker) => {
        await client.sendMany(Array.from({ length: 10_000 }, () => when.s().with({ countdown: "1h" })));
        const before = await parked();
        const now = await client.send(when);
        await worker.start();
        const startedAt = Date.now();
        const ms = (await now.get({ timeout: "60s" })) - startedAt;
        console.log(`behind 10 000 delayed tasks (RabbitMQ ${broker}, ${type}): after ${ms} ms`);
        await eventually("all are parked", async () => (await parked()) === before + 10_000);
        expect((await outside.inspectQueue(name))?.messageCount).toBe(0);
        expect(ms).toBeLessThan(30_000); // the figure is told above: a machine under load is no defect
      });
    });

    test.concurrent.each([
      ["the default exchange", {}],
      ["a topic exchange", { exchange: `topic-${type}`, exchangeType: "topic", routingKey: "jobs.#" }],
    ] as const)("runs delayed tasks of %s when they are due", async (_name, options) => {
      await withPair(options, async (client, _queue, worker) => {
        await worker.start();
        const dueAt = Date.now() + 4_200;
        const results = await client.sendMany(
          Array.from({ length: 20 }, () => when.s().with({ eta: new Date(dueAt) })),
        );
        const late = await Promise.all(results.map(async (result) => (await result.get({ timeout: "60s" })) - dueAt));
        expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...late)).toBeLessThan(10_000);
      });
    });
  });
});
