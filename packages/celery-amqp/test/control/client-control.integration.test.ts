import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { controlExchange } from "@leveret/celery-protocol/routing";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, createClient, defineTask } from "../../src/index.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../src/worker.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { eventually } from "@leveret/test-support/eventually";

const live: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

const add = defineTask("control.add", (_ctx, x: number, y: number) => x + y);
const hold = defineTask("control.hold", ({ signal }) => {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error));
  return promise;
});

describe.each(brokersAtHand())("a client controls workers on RabbitMQ (%s)", (which) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(which);
  });
  afterAll(() => vhost.remove());

  async function start(name: string, options: Partial<CreateWorkerOptions> = {}): Promise<Worker> {
    const worker = createWorker({ broker: vhost.url, tasks: [add, hold], name, logLevel: "error", ...options });
    live.push(() => worker.stop({ grace: 0 }));
    await worker.start();
    return worker;
  }

  function connect(): Client {
    const client = createClient({ broker: vhost.url });
    live.push(() => client.close());
    return client;
  }

  test("and hears of those it asks, and of no others", async () => {
    const [one, two] = [`one@${randomUUID()}`, `two@${randomUUID()}`];
    await start(one);
    await start(two);
    const { inspect, control } = connect();
    const both = { [one]: { ok: "pong" }, [two]: { ok: "pong" } };
    expect(await inspect.ping({ destination: [one, two], timeout: "150s" })).toEqual(both);
    expect(await inspect.ping({ limit: 2, timeout: "150s" })).toEqual(both);
    expect(await control.ping({ destination: two, timeout: "150s" })).toEqual({ [two]: { ok: "pong" } });
    expect(await inspect.ping({ pattern: "one@*", limit: 1, timeout: "150s" })).toEqual({ [one]: { ok: "pong" } });
    expect(await inspect.ping({ pattern: "t.o@", matcher: "pcre", limit: 1, timeout: "150s" })).toHaveProperty([two]);
    expect(await inspect.ping({ destination: "nobody@here", timeout: "50ms" })).toEqual({});
    expect(await inspect.registered([], { destination: one, timeout: "150s" })).toEqual({
      [one]: ["control.add", "control.hold"],
    });
    const stats = await inspect.stats({ destination: one, timeout: "150s" });
    expect(stats).toMatchObject({
      [one]: { pid: process.pid, broker: { transport: "amqp", userid: expect.any(String) } },
    });
    expect(JSON.stringify(await inspect.conf({ destination: one, timeout: "150s" }))).toContain(":********@");
  });

  test("though a mailbox among theirs takes nothing", async () => {
    const name = `deafened@${randomUUID()}`;
    await start(name, { concurrency: 1 });
    const transport = createAmqpTransport({ url: vhost.url });
    live.push(() => transport.close());
    await transport.connect();
    const full = { "x-max-length": 0, "x-overflow": "reject-publish" };
    const queue = { name: "full", durable: true, autoDelete: false, exclusive: false, arguments: full };
    const { name: source } = controlExchange();
    const binding = { source, destination: queue.name, destinationType: "queue", routingKey: "" } as const;
    await transport.declare({ exchanges: [controlExchange()], queues: [queue], bindings: [binding] });
    const logger = new RecordingLogger();
    const client = createClient({ broker: vhost.url, logger });
    live.push(() => client.close());
    const { control, inspect } = client;
    expect(await control.poolGrow(1, { destination: name, timeout: "150s" })).toEqual({
      [name]: { ok: "pool will grow" },
    });
    expect(await inspect.stats({ destination: name, timeout: "150s" })).toMatchObject({
      [name]: { pool: { "max-concurrency": 2 } },
    });
    expect(logger.text).toContain("a mailbox refused a command of remote control");
    await transport.deleteQueue(queue.name);
  });

  test("whose commands are done", async () => {
    const name = `busy@${randomUUID()}`;
    const queue = randomUUID();
    const worker = await start(name, {
      queues: [queue],
      concurrency: 2,
      commands: { twice: ({ n }) => Number(n) * 2 },
    });
    const { control, inspect } = connect();
    const him = { destination: name, timeout: "150s" } as const;
    expect(await control.poolGrow(3, him)).toEqual({ [name]: { ok: "pool will grow" } });
    expect(await inspect.stats(him)).toMatchObject({ [name]: { pool: { "max-concurrency": 5 }, prefetch_count: 5 } });
    expect(await control.addConsumer(`${queue}-2`, him)).toEqual({ [name]: { ok: `add consumer ${queue}-2` } });
    expect(await inspect.activeQueues(him)).toMatchObject({ [name]: [{ name: queue }, { name: `${queue}-2` }] });
    await control.cancelConsumer(`${queue}-2`, him);
    expect(await control.rateLimit(add, "7/m", him)).toEqual({ [name]: { ok: "new rate limit set successfully" } });
    expect(await inspect.registered([], him)).toEqual({ [name]: ["control.add [rate_limit=7/m]", "control.hold"] });
    expect(await control.timeLimit(add, { hard: "1m" }, him)).toEqual({
      [name]: { ok: "time limits set successfully" },
    });
    expect(await control.broadcast("twice", { n: 21 }, him)).toEqual({ [name]: 42 });
    await control.shutdown({ destination: name });
    await eventually("it has stopped", () => worker.state === "stopped");
  });

  test("and revokes what it sent, wherever it runs", async () => {
    const name = `runs@${randomUUID()}`;
    const queue = randomUUID();
    const worker = await start(name, { queues: [queue], concurrency: 1 });
    const client = createClient({ broker: vhost.url, defaultQueue: queue });
    live.push(() => client.close());
    const running = await client.send(hold);
    await eventually("it runs", () => worker.health.active === 1);
    const waiting = await client.send(add, 1, 2);
    await waiting.revoke();
    const him = { destination: name, timeout: "150s" } as const;
    expect(await client.inspect.active(him)).toMatchObject({ [name]: [{ id: running.id, type: "control.hold" }] });
    await running.revoke({ terminate: true, reason: "user left" });
    await expect(running.get({ timeout: "150s" })).rejects.toMatchObject({ reason: "terminated" });
    await expect(waiting.get({ timeout: "150s" })).rejects.toMatchObject({ reason: "revoked" });
    expect(await client.inspect.revoked(him)).toEqual({ [name]: [waiting.id, running.id] });
  });

  test("and a worker that starts later knows what was revoked before", async () => {
    const [old, young] = [`old@${randomUUID()}`, `young@${randomUUID()}`];
    await start(old);
    const { control, inspect } = connect();
    const id = randomUUID();
    await control.revoke(id, { destination: old, timeout: "150s" });
    await start(young, { queues: [randomUUID()] });
    let known: unknown;
    await eventually("it knows", async () => {
      known = (await inspect.revoked({ destination: young, timeout: "150s" }))[young];
      return Array.isArray(known) && known.includes(id);
    });
    expect(known).toContain(id);
  });
});
