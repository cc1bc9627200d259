import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { chord, createClient, defineTask } from "../../src/index.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { createWorker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { type RabbitCluster, startLocalCluster } from "@leveret/test-support/rabbit-cluster";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

// Two nodes of the distribution's RabbitMQ. A classic queue lives on one of them.
function only(name: string): BrokerTopology {
  return { exchanges: [], queues: [{ name, durable: true, autoDelete: false, exclusive: false }], bindings: [] };
}

let cluster: RabbitCluster;
beforeAll(async () => {
  cluster = await startLocalCluster({ nodes: 2, conf: { cluster_partition_handling: "ignore" } });
});
afterAll(() => cluster.remove());

async function connect(node: number, logger: RecordingLogger): Promise<Transport> {
  const url = cluster.urls[node - 1] ?? "";
  const transport = createAmqpTransport({ url, backoff: { min: "10ms", max: "500ms" } }, { logger });
  onTestFinished(() => transport.close());
  await transport.connect();
  return transport;
}

/** Declares a queue on the second node, and stops that node. */
async function strand(name: string): Promise<void> {
  const owner = await connect(2, new RecordingLogger());
  await owner.declare(only(name));
  await owner.close();
  await cluster.stop(2);
}

test("a queue whose node is down is consumed when the node is back", async () => {
  const logger = new RecordingLogger();
  const transport = await connect(1, logger);
  await strand("homely");
  const received: unknown[] = [];
  const subscription = await transport.subscribe(
    { queue: "homely", prefetch: 1, topology: only("homely") },
    (delivery) => {
      received.push(delivery.message.headers["id"]);
      delivery.ack();
    },
  );
  expect(subscription.isConsuming).toBe(false);
  expect(logger.text).toMatch(/the queue is not consumed yet, trying again[^]*homely[^]*is down or inaccessible/);
  await cluster.start(2);
  await eventually("it is consumed", () => subscription.isConsuming);
  const message = { headers: { id: "a" }, properties: {}, body: new Uint8Array() };
  await transport.publisher.publish(message, { exchange: "", routingKey: "homely" });
  await eventually("a message comes", () => received.includes("a"));
});

test("a send waits for a queue whose node is down, as long as a request may take", async () => {
  await strand("patient");
  const [broker = ""] = cluster.urls;
  const [hasty, patient] = (["1500ms", "150s"] as const).map((requestTimeout) =>
    createClient({ broker, results: false, amqp: { requestTimeout } }),
  );
  onTestFinished(() => hasty?.close());
  onTestFinished(() => patient?.close());
  const call = defineTask<() => void>("down.patient").s().with({ queue: "patient" });
  await expect(hasty?.send(call)).rejects.toMatchObject({ code: "connection-lost" });
  const sending = patient?.send(call);
  await cluster.start(2);
  await sending;
  const look = await connect(1, new RecordingLogger());
  expect((await look.inspectQueue("patient"))?.messageCount).toBe(1);
});

test("a follow-up message of a task waits for a queue whose node is down", async () => {
  await strand("bodies");
  const broker = cluster.urls[0] ?? "";
  const logger = new RecordingLogger();
  const member = defineTask("down.member", (_ctx, place: number) => place);
  const total = defineTask<(places: readonly number[]) => number>("down.body");
  const worker = createWorker({ broker, tasks: [member], queues: ["members"], chords: "rabbitmq", logger });
  onTestFinished(() => worker.stop());
  await worker.start();
  const client = createClient({ broker, chords: "rabbitmq" });
  onTestFinished(() => client.close());
  const header = [0, 1].map((place) => member.s(place).with({ queue: "members" }));
  const call = chord(header, total.s().with({ queue: "bodies" }));
  expect(await client.send(call).catch((error: unknown) => error)).toMatchObject({ id: expect.any(String) as string });
  await eventually("it waits", () => /tasks wait to be settled[^]*is down or inaccessible/.test(logger.text));
  await cluster.start(2);
  const look = await connect(1, new RecordingLogger());
  await eventually("the body comes", async () => (await look.inspectQueue("bodies"))?.messageCount === 1);
  expect(logger.text).not.toContain("cannot send what follows");
});
