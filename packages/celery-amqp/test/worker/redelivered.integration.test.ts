import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery } from "../../src/ports/transport.ts";

// What RabbitMQ counts, and what we count in its place.

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
  });
  afterAll(() => vhost.remove());

  test.each(["classic", "quorum"] as const)(
    "a task that gives itself back for ever ends in the dead queue of a %s queue, and waits longer each time",
    async (type) => {
      let runs = 0;
      const poison = defineTask("it.poison", (context) => {
        runs += 1;
        context.reject({ requeue: true });
      });
      const name = `q-${randomUUID()}`;
      const queues = [type === "quorum" ? { name, type } : name];
      const worker = createWorker({
        broker: vhost.url,
        logLevel: "silent",
        tasks: [poison],
        queues,
        concurrency: 1,
        deliveryLimit: 6,
      });
      const client = createClient({ broker: vhost.url, defaultQueue: name });
      await worker.start();
      const settled = await (await client.send(poison)).settled({ timeout: "150s" });
      expect(settled).toMatchObject({ status: "FAILURE", error: { excType: "WorkerLostError" } });
      expect(runs).toBe(6);
      await worker.stop();
      await client.close();

      const outside = createAmqpTransport({ url: vhost.url });
      await outside.connect();
      const read = Promise.withResolvers<Delivery>();
      await outside.subscribe({ queue: `${name}.dead`, prefetch: 1 }, read.resolve);
      const { message } = await read.promise;
      expect(message.headers).toMatchObject({
        "x-leveret-reason": "redelivered-too-often",
        "x-leveret-attempts": 6,
        "x-leveret-routing-key": name,
      });
      expect((await outside.inspectQueue(name))?.messageCount).toBe(0);
      await outside.close();
    },
  );

  test("what is handed back before it began is not counted, where the broker can tell", async () => {
    const name = `q-${randomUUID()}`;
    const outside = createAmqpTransport({ url: vhost.url });
    await outside.connect();
    const queue = { name, durable: true, autoDelete: false, exclusive: false, arguments: { "x-queue-type": "quorum" } };
    await outside.declare({ exchanges: [], queues: [queue], bindings: [] });
    const counts: (number | null)[] = [];
    const done = Promise.withResolvers<void>();
    await outside.subscribe({ queue: name, prefetch: 1 }, (delivery) => {
      counts.push(delivery.deliveryCount);
      if (counts.length <= 3) delivery.reject({ requeue: true, isCounted: counts.length === 3 });
      else {
        delivery.ack();
        done.resolve();
      }
    });
    await outside.publisher.publish(
      { headers: {}, properties: { persistent: true }, body: new Uint8Array([1]) },
      { exchange: "", routingKey: name },
    );
    await done.promise;
    await outside.close();
    expect(counts.at(-1)).toBe(broker === "newest" ? 1 : 3);
  });
});
