import { type RabbitServer, startRabbit } from "@leveret/rabbit-local";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import { createWorker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const TO = { exchange: "", routingKey: "q" };
const TOPOLOGY = {
  exchanges: [],
  queues: [{ name: "q", durable: true, autoDelete: false, exclusive: false }],
  bindings: [],
};

const BODY = Buffer.alloc(10_000);

function message(id: string) {
  return { headers: {}, properties: { persistent: true, correlationId: id }, body: BODY };
}

// These faults are the whole broker's, so it is one of their own.
let rabbit: RabbitServer;
beforeAll(async () => {
  rabbit = await startRabbit();
});
afterAll(() => rabbit.stop());

async function connect(): Promise<{ transport: Transport; logger: RecordingLogger; received: Set<string> }> {
  const logger = new RecordingLogger();
  const backoff = { min: "50ms", max: "500ms" } as const;
  const transport = createAmqpTransport({ url: rabbit.url, backoff, publishTimeout: "50000ms" }, { logger });
  onTestFinished(async () => {
    await transport.deleteQueue("q");
    await transport.close();
  });
  await transport.connect();
  const received = new Set<string>();
  await transport.subscribe({ queue: "q", prefetch: 10, topology: TOPOLOGY }, (delivery) => {
    received.add(delivery.message.properties.correlationId ?? "");
    delivery.ack();
  });
  return { transport, logger, received };
}

test("an alarm blocks publishing with little memory, does not affect consuming, and ends", async () => {
  const { transport, logger, received } = await connect();
  await transport.publisher.publish(message("a"), TO);
  await rabbit.ctl("set_vm_memory_high_watermark", "absolute", "1MB");
  onTestFinished(async () => void (await rabbit.ctl("set_vm_memory_high_watermark", "0.4")));
  // The broker says so at the first publish.
  const first = transport.publisher.publish(message("b"), TO);
  await eventually("the alarm is told", () => transport.state === "blocked");
  expect(logger.text).toMatch(/the broker blocks publishes/);
  const heapBefore = process.memoryUsage().arrayBuffers;
  const rest = Array.from({ length: 2000 }, (_, index) => transport.publisher.publish(message(String(index)), TO));
  const late = transport.publisher.publish(message("d"), TO, { timeoutMs: 200 });
  await expect(late).rejects.toMatchObject({ code: "publish-timeout" });
  expect(process.memoryUsage().arrayBuffers - heapBefore).toBeLessThan(10_000_000);
  // Requests go over the other connection.
  expect(await transport.inspectQueue("q")).toMatchObject({ consumerCount: 1 });
  await rabbit.ctl("set_vm_memory_high_watermark", "0.4");
  await Promise.all([first, ...rest]);
  await eventually("all is consumed", () => received.size === 2002);
  expect(transport.state).toBe("open");
});

test("a delivery unacked past the broker's timeout is redelivered, and the log names the cause", async () => {
  // The broker looks once a minute unless it is told otherwise; both are read when a channel is opened.
  const allow = (timeoutMs: number, tickMs: number) => {
    const set = (name: string, ms: number) => `application:set_env(rabbit, ${name}, ${ms})`;
    return rabbit.ctl("eval", `${set("consumer_timeout", timeoutMs)}, ${set("channel_tick_interval", tickMs)}.`);
  };
  await allow(3000, 500);
  onTestFinished(async () => void (await allow(1_800_000, 60_000)));
  const { transport, logger } = await connect();
  const held: Delivery[] = [];
  const topology = { ...TOPOLOGY, queues: [{ name: "held", durable: true, autoDelete: false, exclusive: false }] };
  onTestFinished(() => transport.deleteQueue("held"));
  await transport.subscribe({ queue: "held", prefetch: 1, topology }, (delivery) => held.push(delivery));
  await transport.publisher.publish(message("a"), { exchange: "", routingKey: "held" });
  await eventually("it comes again", () => held.length === 2);
  expect(logger.text).toMatch(
    /no longer consumed[^]*queue: 'held'[^]*unsettled for longer than the broker's consumer_timeout/,
  );
  expect(held.map((delivery) => [delivery.redelivered, delivery.ack()])).toEqual([
    [false, false],
    [true, true],
  ]);
  expect(transport.state).toBe("open");
});

test("a connection that an operator closes comes back", async () => {
  const { transport, received, logger } = await connect();
  const states: string[] = [];
  transport.onState((state) => states.push(state));
  await rabbit.ctl("close_all_connections", "maintenance");
  await eventually("it is open again", () => states.includes("connecting") && transport.state === "open");
  await transport.publisher.publish(message("a"), TO);
  await eventually("it is consumed", () => received.size === 1);
  expect(logger.text).toMatch(/CONNECTION_FORCED/);
});

test("a broker that is stopped, and then killed, loses nothing that was confirmed", { timeout: 600_000 }, async () => {
  const { transport, received, logger } = await connect();
  const [node] = rabbit.nodes;
  const confirmed: string[] = [];
  let count = 0;
  const sendOne = async () => {
    count += 1;
    const id = String(count);
    await transport.publisher.publish(message(id), TO);
    confirmed.push(id);
  };
  const stopping = new AbortController();
  const sending = (async () => {
    while (!stopping.signal.aborted) await Promise.all(Array.from({ length: 20 }, sendOne));
  })();
  // The stop comes first: RabbitMQ may forget a queue that was declared a moment before it is killed.
  for (const end of ["stop", "kill"] as const) {
    const before = confirmed.length;
    await eventually("it is under way", () => confirmed.length > before + 100);
    await node?.[end]();
    await node?.start();
    await eventually("it is open again", () => transport.state === "open");
  }
  stopping.abort();
  await sending;
  await eventually("all is consumed", () => confirmed.every((id) => received.has(id)));
  expect(logger.text).toMatch(/the queue is consumed again[^]*queue: 'q'/);
});

test("a worker of more queues than the broker allows channels says how many those are", async () => {
  await rabbit.ctl("eval", "application:set_env(rabbit, channel_max, 4).");
  onTestFinished(async () => void (await rabbit.ctl("eval", "application:set_env(rabbit, channel_max, 2047).")));
  const queues = (count: number): string[] => Array.from({ length: count }, (_, index) => `many-${index}`);
  const workerOf = (count: number) =>
    createWorker({ broker: rabbit.url, tasks: [], queues: queues(count), logLevel: "silent", remoteControl: false });
  const few = workerOf(2);
  await few.start();
  await few.stop();
  const many = workerOf(8);
  await expect(many.start()).rejects.toMatchObject({
    code: "limit-reached",
    message: expect.stringMatching(
      /All channels of the connection are in use: .* \(channel_max 4\)\. Raise channel_max .*fewer queues/,
    ) as string,
  });
  expect(many.state).toBe("stopped");
});
