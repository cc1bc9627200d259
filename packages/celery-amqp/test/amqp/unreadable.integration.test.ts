import { randomUUID } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createQueueLab, type QueueLab } from "../support/queue-lab.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { array, entry, nested, text, uint, value } from "@leveret/test-support/wire/fields";
import { headerTable, shortString } from "@leveret/test-support/wire/frames";
import { RawClient } from "@leveret/test-support/wire/raw-client";
import { readQueue } from "../support/wire/read-queue.ts";
import { rawTask } from "@leveret/test-support/wire/raw-task";

const scenes = brokersAtHand().flatMap((broker) => ["classic", "quorum"].map((type) => ({ broker, type })));

describe.each(scenes)("a worker on a $type queue ($broker)", ({ broker, type }) => {
  const lab = createQueueLab(broker);

  test("runs a task with integers of any tag and size, and its handler gets their exact values", async () => {
    const { queue, raw, seen, logger } = await scene(lab, type);
    const numbers = {
      ts_ms: value("L", uint(8, 1_764_500_000_000)),
      negative: value("L", uint(8, -1_764_500_000_000)),
      beyond: value("L", uint(8, 2n ** 53n + 1n)),
      byte: value("B", uint(1, 255)),
      short: value("u", uint(2, 65_535)),
      long: value("i", uint(4, 2 ** 32 - 1)),
      list: array(value("L", uint(8, 2 ** 40)), value("V")),
    };
    const extra = Object.entries(numbers).map(([name, bytes]) => entry(name, bytes));
    expect(await raw.publish({ routingKey: queue, ...rawTask("noted", randomUUID(), extra) })).toBe(true);
    await eventually("the task has run", () => seen.length > 0);
    expect(seen).toEqual([
      expect.objectContaining({
        ts_ms: 1_764_500_000_000,
        negative: -1_764_500_000_000,
        beyond: 2n ** 53n + 1n,
        byte: 255,
        short: 65_535,
        long: 2 ** 32 - 1,
        list: [2 ** 40, null],
      }),
    ]);
    expect(logger.lines.filter((line) => !line.startsWith("info"))).toEqual([]);
  });

  test("keeps its connection over unreadable headers, puts the messages into the dead queue once, and continues", async () => {
    const { queue, raw, seen, logger, outside } = await scene(lab, type);
    const client = lab.client([{ name: queue, type: type as "classic" | "quorum" }]);
    const good = async (): Promise<void> => {
      const sent = await client.send(noted.with({ queue }));
      expect(await sent.get({ timeout: 20 })).toBe("noted");
    };
    await good();
    const bad: readonly (readonly Buffer[])[] = [
      [entry("deep", nested(12_000))],
      [entry("deep", nested(3_000, "F"))],
      [entry("first", text("kept")), entry("deep", nested(65)), entry("last", text("kept"))],
    ];
    for (const headers of bad) {
      expect(await raw.publish({ routingKey: queue, ...rawTask("noted", randomUUID(), headers) })).toBe(true);
      await good();
    }
    const correlationId = shortString(Buffer.alloc(255, 0xff));
    await raw.publish({ routingKey: queue, ...rawTask("noted", "odd", [], { correlationId }) });
    await good();
    await eventually("the dead queue has all", async () => (await lab.inspect(`${queue}.dead`)).messageCount === 4);
    expect(seen).toHaveLength(5);
    expect(await lab.inspect(queue)).toMatchObject({ messageCount: 0 });
    const dead = await readQueue(outside, `${queue}.dead`, 4);
    expect(
      dead.map(({ headers }) => [headers["x-leveret-reason"], headers["task"], headers["x-leveret-attempts"]]),
    ).toEqual(dead.map(() => ["undecodable", "noted", 1]));
    const errors = dead.map(({ headers }) => String(headers["x-leveret-error"]));
    expect(errors.slice(0, 3)).toEqual(
      [1, 2, 3].map(() => expect.stringContaining('The header "deep" is nested deeper')),
    );
    expect(errors[3]).toContain("The property correlationId is not UTF-8");
    expect(dead[2]?.headers).toMatchObject({ first: "kept", last: "kept" });
    // The bytes as they came, where they are few enough.
    const kept = dead[2]?.headers["x-leveret-unread-headers"];
    expect(Buffer.from(kept as Uint8Array).includes(nested(65))).toBe(true);
    expect(logger.text).not.toMatch(/connecting again|no longer consumed/);
  });
});

describe.each(brokersAtHand())("consumers that are no worker's of tasks (%s)", (broker) => {
  const lab = createQueueLab(broker);
  const deep = { headers: headerTable(entry("deep", nested(12_000))) };

  test("remote control drops unreadable messages, with one log line, and answers the others", async () => {
    const { raw, logger } = await scene(lab, "classic");
    const client = lab.client([]);
    const ping = async (): Promise<number> =>
      Object.keys(await client.control.ping({ timeout: "10s", limit: 1 })).length;
    expect(await ping()).toBe(1);
    for (let count = 0; count < 3; count += 1) {
      await raw.publish({ exchange: "celery.pidbox", routingKey: "", properties: deep, body: Buffer.from("{}") });
    }
    expect(await ping()).toBe(1);
    const dropped = logger.lines.filter((line) => line.includes("messages with unreadable headers are dropped"));
    expect(dropped).toEqual([expect.stringMatching(/^warn .*nested deeper.*messages: 1\n/s)]);
    expect(logger.text).not.toMatch(/connecting again|no longer consumed|passed over/);
  });

  test("results, events and browsed messages do not end a connection either", async () => {
    const { queue, raw } = await scene(lab, "classic");
    const logger = new RecordingLogger();
    const transport = createAmqpTransport({ url: lab.url }, { logger });
    const client = createClient({ transport, queues: [{ name: queue }] });
    onTestFinished(() => client.close());
    const events = client.events({ types: ["task-succeeded"] });
    await events.opened;
    const sent = await client.send(replying.with({ queue }));
    const replyQueue = await sent.get({ timeout: 20 });
    for (const routingKey of ["worker.heartbeat", "task.succeeded"]) {
      await raw.publish({ exchange: "celeryev", routingKey, properties: deep, body: Buffer.from("{}") });
    }
    await raw.publish({ routingKey: replyQueue, properties: deep, body: Buffer.from("{}") });
    const again = await client.send(noted.with({ queue }));
    expect(await again.get({ timeout: 20 })).toBe("noted");
    expect((await events.next()).value).toMatchObject({ type: "task-succeeded" });
    const odd = lab.queueName();
    await lab.outside.declare({
      exchanges: [],
      queues: [{ name: odd, durable: true, autoDelete: false, exclusive: false }],
      bindings: [],
    });
    await raw.publish({ routingKey: odd, properties: deep, body: Buffer.from("x") });
    expect(await transport.browse({ queue: odd, messageIds: [], count: 1 })).toMatchObject([{ headers: {} }]);
    expect(logger.text).not.toContain("connecting again");
  });

  test("a callback and a logger that throw end neither channel nor connection", async () => {
    const logger = new RecordingLogger();
    const failing = {
      debug: () => {},
      info: (line: string) => logger.info(line),
      warn: (line: string) => logger.warn(line),
      error: () => {
        throw new Error("the logger is broken");
      },
    };
    const transport = createAmqpTransport({ url: lab.url }, { logger: failing });
    onTestFinished(() => transport.close());
    await transport.connect();
    const queue = lab.queueName();
    const topology = {
      exchanges: [],
      queues: [{ name: queue, durable: true, autoDelete: false, exclusive: false }],
      bindings: [],
    };
    const come: boolean[] = [];
    await transport.subscribe({ queue, topology, prefetch: 10 }, (delivery) => {
      come.push(delivery.redelivered);
      throw new Error("the callback is broken");
    });
    for (let count = 0; count < 3; count += 1) {
      const message = { headers: {}, properties: {}, body: Buffer.from("x") };
      await transport.publisher.publish(message, { exchange: "", routingKey: queue });
    }
    await eventually("all have come", () => come.length >= 3);
    expect(come).toEqual([false, false, false]);
    expect(logger.text).not.toMatch(/no longer consumed|connecting again/);
  });
});

const noted = defineTask("noted", ({ request }) => {
  notes.get(request.deliveryInfo?.routingKey ?? "")?.push(request.headers);
  return "noted";
});
const replying = defineTask("replying", ({ request }) => request.replyTo ?? "");
/** Headers that tasks saw, by their queues: tests run beside one another. */
const notes = new Map<string, unknown[]>();

async function scene(lab: QueueLab, type: string) {
  const queue = lab.queueName();
  const seen: unknown[] = [];
  notes.set(queue, seen);
  const logger = new RecordingLogger();
  const worker = lab.worker({
    tasks: [noted, replying],
    queues: [{ name: queue, type: type as "classic" | "quorum" }],
    logger,
    logLevel: "info",
    events: true,
  });
  await worker.start();
  const raw = new RawClient(lab.url);
  onTestFinished(() => raw.close());
  return { queue, raw, seen, logger, outside: lab.outside };
}
