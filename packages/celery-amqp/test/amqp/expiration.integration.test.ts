import { expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";

const dayMs = 86_400_000;
const tenYearsMs = 3_650 * dayMs;

const rows = brokersAtHand().flatMap((broker) => (["classic", "quorum"] as const).map((type) => ({ broker, type })));

test.each(rows)("a $type queue of the broker $broker takes times to live up to ten years", async (row) => {
  const vhost = await freshVhost(row.broker);
  onTestFinished(() => vhost.remove());
  const transport = createAmqpTransport({ url: vhost.url });
  onTestFinished(() => transport.close());
  await transport.connect();
  const table = { "x-queue-type": row.type, "x-message-ttl": tenYearsMs, "x-expires": 60 * dayMs };
  const queues = [{ name: "q", durable: true, autoDelete: false, exclusive: false, arguments: table }];
  await transport.declare({ exchanges: [], queues, bindings: [] });
  const lifetimes = [49 * dayMs, 50 * dayMs, 60 * dayMs, 2 ** 32, tenYearsMs];
  for (const expirationMs of lifetimes) {
    const message = { headers: {}, properties: { expirationMs, persistent: true }, body: Buffer.from("x") };
    await transport.publisher.publish(message, { exchange: "", routingKey: "q" });
  }
  expect(await transport.inspectQueue("q")).toMatchObject({ messageCount: lifetimes.length });
  const longer = { headers: {}, properties: { expirationMs: tenYearsMs + 1 }, body: Buffer.from("x") };
  await expect(transport.publisher.publish(longer, { exchange: "", routingKey: "q" })).rejects.toMatchObject({
    code: "encode-failed",
  });
});

test.each(["60d", "3650d", "36500d"] as const)("a task that expires in %s is sent and runs", async (expires) => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const one = defineTask("expiration.one", () => 1);
  const worker = createWorker({ broker: vhost.url, tasks: [one], logLevel: "silent" });
  onTestFinished(() => worker.stop());
  await worker.start();
  const client = createClient({ broker: vhost.url });
  onTestFinished(() => client.close());
  const sent = await client.send(one.s().with({ expires }));
  expect(await sent.get({ timeout: 60 })).toBe(1);
});
