import { randomUUID } from "node:crypto";
import { createContent } from "@leveret/celery-protocol";
import { encodeEvent } from "@leveret/celery-protocol/events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../../src/amqp/transport.ts";
import { type Client, createClient, defineTask } from "../../../src/index.ts";
import { createWorker, type Worker } from "../../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";

const live: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

const hold = defineTask("control.hold", ({ signal }) => {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error));
  return promise;
});

describe.each(brokersAtHand())("commands reach a worker on RabbitMQ (%s)", (which) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(which);
  });
  afterAll(() => vhost.remove());

  async function setUp(name = `far@${randomUUID()}`) {
    const proxy = await createTcpProxy(vhost.url);
    live.push(() => proxy.close());
    const logger = new RecordingLogger();
    const worker = createWorker({
      broker: proxy.url,
      amqp: { heartbeat: 1, backoff: { min: "50ms", max: "500ms" } },
      tasks: [hold],
      queues: [name],
      concurrency: 1,
      name,
      logger,
    });
    live.push(() => worker.stop({ grace: 0 }));
    await worker.start();
    const client = createClient({ broker: vhost.url, defaultQueue: name });
    live.push(() => client.close());
    return { proxy, worker, client, name, logger };
  }

  async function answers(client: Client, name: string): Promise<void> {
    await eventually("it answers", async () => {
      const replies = await client.inspect.ping({ destination: name, timeout: "2s" });
      return name in replies;
    });
  }

  test.each<[string, (proxy: TcpProxy) => Promise<void> | void]>([
    ["its connections were reset", (proxy) => proxy.cut()],
    ["the broker has forgotten them", (proxy) => proxy.halfOpen()],
    [
      "nothing passed for a while, and the broker still thought the mailbox taken",
      async (proxy) => {
        proxy.hold();
        await eventually("the connections are given up", () => proxy.connections > 2);
        await proxy.resume();
      },
    ],
  ])("again after %s, with its slots taken", async (_, hurt) => {
    const { proxy, worker, client, name } = await setUp();
    await client.send(hold);
    await eventually("its only slot is taken", () => worker.health.active === 1);
    await answers(client, name);
    await hurt(proxy);
    await answers(client, name);
    expect(await client.inspect.active({ destination: name, timeout: "150s" })).toHaveProperty([name]);
  });

  test("of which one of two with the same name hears, and the other says why it does not", async () => {
    const { client, name, worker } = await setUp();
    const other = await setUp(name);
    expect(await client.inspect.ping({ destination: name, timeout: "150s" })).toEqual({ [name]: { ok: "pong" } });
    expect(other.logger.text).toMatch(/a subscription failed, trying again[^]*commands of remote control[^]*exclusive/);
    await worker.stop();
    await answers(client, name);
    expect(other.worker.state).toBe("running");
  });
});

test("a worker's logical clock keeps beside those of the others it hears", async () => {
  const vhost = await freshVhost();
  live.push(() => vhost.remove());
  const name = `clocked@${randomUUID()}`;
  const worker = createWorker({ broker: vhost.url, tasks: [hold], name, logLevel: "silent" });
  live.push(() => worker.stop({ grace: 0 }));
  await worker.start();
  const client = createClient({ broker: vhost.url });
  live.push(() => client.close());
  const transport = createAmqpTransport({ url: vhost.url });
  live.push(() => transport.close());
  await transport.connect();
  const to = { exchange: "celeryev", routingKey: "worker.heartbeat" };
  const beat = async (hostname: string, clock: number) => {
    const stamp = { hostname, clock, utcoffset: 0, pid: 1, timestamp: 1.5, freq: 2 };
    const message = encodeEvent({ ...stamp, type: "worker-heartbeat" }, createContent());
    await transport.publisher.publish(message, to, { mandatory: false });
  };
  const clock = async (): Promise<number> => {
    const { [name]: answer } = await client.inspect.clock({ destination: name, timeout: "150s" });
    return answer !== undefined && "clock" in answer ? answer.clock : 0;
  };
  await beat(name, 9_000_000);
  await beat("python@far", 70_000);
  await eventually("it has heard of it", async () => (await clock()) > 70_000);
  expect(await clock()).toBeLessThan(9_000_000);
});

describe("whatever comes to the mailbox", () => {
  test("a worker goes on", async () => {
    const vhost = await freshVhost();
    live.push(() => vhost.remove());
    const name = `hardy@${randomUUID()}`;
    const worker: Worker = createWorker({ broker: vhost.url, tasks: [hold], name, logLevel: "silent" });
    live.push(() => worker.stop({ grace: 0 }));
    await worker.start();
    const transport = createAmqpTransport({ url: vhost.url });
    live.push(() => transport.close());
    await transport.connect();
    const json = { contentType: "application/json", contentEncoding: "utf-8" };
    const to = { exchange: "celery.pidbox", routingKey: "" };
    const replyTo = (exchange: string) => ({ ticket: "t", reply_to: { exchange, routing_key: "k" } });
    const bodies: unknown[] = [
      "not an object",
      [],
      { method: 1 },
      { method: "ping", destination: "all" },
      { method: "ping", pattern: "(", matcher: "pcre" },
      { method: "ping", pattern: "a", matcher: "nonsense" },
      { method: "ping", ...replyTo("amq.topic") },
      { method: "ping", ...replyTo("x".repeat(300)) },
      { method: "ping", ...replyTo("amq.none-of-mine") },
      { method: "revoke", arguments: { task_id: { a: 1 } }, ...replyTo("") },
      { method: "rate_limit", arguments: { task_name: [], rate_limit: {} } },
      { method: "__proto__" },
      { method: "constructor", arguments: { __proto__: null } },
      { method: "hello", arguments: { from_node: 1, revoked: 1 } },
      { method: "pool_grow", arguments: { n: "many" } },
      { method: "pool_shrink", arguments: { n: 1e9 } },
      { method: "add_consumer", arguments: { queue: "x".repeat(300) } },
      { method: "election", arguments: {} },
    ];
    for (const body of bodies) {
      const message = {
        headers: {},
        properties: { ...json, persistent: false },
        body: Buffer.from(JSON.stringify(body)),
      };
      await transport.publisher.publish(message, to, { mandatory: false });
    }
    await transport.publisher.publish(
      {
        headers: { clock: "x" },
        properties: { contentType: "application/x-python-serialize" },
        body: Buffer.from("(i"),
      },
      to,
      { mandatory: false },
    );
    const elect = { headers: {}, properties: json, body: Buffer.from('[{"type": "worker-elect"}]') };
    await transport.publisher.publish(
      elect,
      { exchange: "celeryev", routingKey: "worker.elect" },
      { mandatory: false },
    );
    const client = createClient({ broker: vhost.url });
    live.push(() => client.close());
    expect(await client.inspect.ping({ destination: name, timeout: "150s" })).toEqual({ [name]: { ok: "pong" } });
    expect(worker.state).toBe("running");
  });
});
