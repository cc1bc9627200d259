import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, createClient, type CreateClientOptions, defineTask, TaskFailedError } from "../../src/index.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";
import { rejection } from "./lab.ts";

const add = defineTask("it.add", (_context, x: number, y: number) => x + y);
const echo = defineTask("it.echo", (_context, value: unknown) => value);
const fail = defineTask("it.fail", (_context, message: string): never => {
  throw new RangeError(message);
});
const count = defineTask("it.count", async (context, to: number) => {
  for (let at = 1; at <= to; at += 1) await context.progress({ at });
  return to;
});
const parent = defineTask("it.parent", (context, x: number) => context.client.call(add, x, 1));

let vhost: TestVhost;
let worker: Worker;
const clients: Client[] = [];

function connect(options: CreateClientOptions = {}): Client {
  const client = createClient({ broker: vhost.url, ...options });
  clients.push(client);
  return client;
}

/** A user who may write and read everything and declare nothing. */
async function userWithoutConfigure(): Promise<string> {
  const { username, password, origin } = new URL(inject("managementUrl") ?? "");
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const put = (path: string, body: object) =>
    fetch(origin + path, { method: "PUT", headers: { authorization }, body: JSON.stringify(body) });
  await put("/api/users/it-writer", { password: "secret", tags: "" });
  await put(`/api/permissions/${vhost.name}/it-writer`, { configure: "^$", write: ".*", read: ".*" });
  const url = new URL(vhost.url);
  url.username = "it-writer";
  url.password = "secret";
  return url.href;
}

beforeAll(async () => {
  vhost = await freshVhost();
  worker = createWorker({
    broker: vhost.url,
    tasks: [add, echo, fail, count, parent],
    concurrency: 50,
    results: "amqp",
    logLevel: "silent",
  });
  await worker.start();
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await worker.stop();
  await vhost.remove();
});

describe("a client on RabbitMQ", () => {
  test("sends, and gets results, failures and states", async () => {
    const client = connect();
    expect(await client.call(add, 2, 3)).toBe(5);
    const error = await rejection(client.call(fail, "too far"));
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ excMessage: "too far", traceback: expect.stringContaining("too far") });
    const seen: unknown[] = [];
    for await (const { status, meta } of (await client.send(count, 3)).states()) seen.push([status, meta]);
    const all = [...[1, 2, 3].map((at) => ["PROGRESS", { at }]), ["SUCCESS", 3]];
    expect(seen).toEqual(all.slice(-seen.length));
  });

  test("carries values of all kinds there and back", async () => {
    const value = {
      text: "æ漢😀",
      big: 2n ** 70n,
      at: new Date(0),
      bytes: new Uint8Array([0, 255]),
      deep: [[null, true, 1.5]],
    };
    expect(await connect().call(echo, value)).toEqual(value);
  });

  test("carries a megabyte there and back", async () => {
    const text = "x".repeat(1_000_000);
    expect(await connect().call(echo, text)).toBe(text);
  });

  test("lets a handler await what it sends", async () => {
    expect(await connect().call(parent, 41)).toBe(42);
  });

  test("pipelines two thousand sends", async () => {
    const client = connect();
    const results = await client.sendMany(Array.from({ length: 2_000 }, (_, index) => add.s(index, 1)));
    const values = await Promise.all(results.map((result) => result.get({ timeout: "60s" })));
    expect(values).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
  });

  test("gets results from a queue for each task, and leaves none behind", async () => {
    const client = connect({ results: "amqp" });
    expect(await client.call(add, 2, 3)).toBe(5);
    expect(await client.call(add.with({ protocol: 1 }), 2, 3)).toBe(5);
  });

  test("relays an outbox", async () => {
    const client = connect();
    const row = await client.prepare(add.s(20, 22));
    expect(await client.relay([row, { ...row, id: row.id }])).toMatchObject([
      { status: "confirmed" },
      { status: "confirmed" },
    ]);
    expect(await client.result(row.id, add).get({ timeout: "150s" })).toBe(42);
  });

  test("makes its queue where there is none, once more when it was deleted", async () => {
    const client = connect({ results: false });
    const call = add.with({ queue: "it.lonely" });
    await client.send(call, 1, 2);
    const { url } = vhost;
    const { connect: dial } = await import("amqplib");
    const line = await dial(url);
    const channel = await line.createChannel();
    await channel.deleteQueue("it.lonely");
    await client.send(call, 3, 4);
    expect(await channel.checkQueue("it.lonely")).toMatchObject({ messageCount: 1 });
    await line.close();
  });

  test("waits longer for a broker that is away than a request may take", async () => {
    const proxy = await createTcpProxy(vhost.url);
    const options = {
      url: proxy.url,
      requestTimeout: "2000ms",
      publishTimeout: "120000ms",
      backoff: { min: "10ms", max: "100ms" },
    } as const;
    const transport = createAmqpTransport(options, { logger: new RecordingLogger() });
    const client = connect({ transport, results: false });
    try {
      const call = add.with({ queue: "it.patient" });
      await client.send(call, 1, 2);
      await proxy.refuse();
      proxy.cut();
      await vi.waitUntil(() => transport.state === "connecting", { timeout: 150_000 });
      const sending = client.send(call, 3, 4);
      const topology = { exchanges: [], queues: [], bindings: [] };
      expect(await rejection(transport.declare(topology))).toMatchObject({ code: "rpc-timeout" });
      await proxy.resume();
      await sending;
      expect(await transport.inspectQueue("it.patient")).toMatchObject({ messageCount: 2 });
    } finally {
      await proxy.resume();
      await client.close();
      await proxy.close();
    }
  });

  test("takes a queue that others declared otherwise", async () => {
    const { connect: dial } = await import("amqplib");
    const line = await dial(vhost.url);
    const channel = await line.createChannel();
    await channel.assertQueue("it.quorum", { durable: true, arguments: { "x-queue-type": "quorum" } });
    await connect({ results: false }).send(add.with({ queue: "it.quorum" }), 1, 2);
    await expect.poll(async () => (await channel.checkQueue("it.quorum")).messageCount, { timeout: 150_000 }).toBe(1);
    await line.close();
  });

  test("says what is wrong with a login, a vhost or an address", async () => {
    const wrong = new URL(vhost.url);
    wrong.password = "hunter2";
    const refused = await rejection(connect({ broker: wrong.href }).connect());
    expect(refused).toMatchObject({ code: "access-refused" });
    expect(String(refused)).not.toContain("hunter2");
    const missing = connect({ broker: vhost.url.replace(vhost.name, "nowhere") });
    expect(await rejection(missing.send(add, 1, 2))).toMatchObject({ code: "vhost-missing" });
    const nobody = connect({ broker: "amqp://localhost:1", amqp: { connectTimeout: "500ms" } });
    expect(await rejection(nobody.send(add, 1, 2))).toMatchObject({ code: "broker-unreachable" });
  });

  test("needs no right to configure where its queue is there, and says so where it is not", async () => {
    const broker = await userWithoutConfigure();
    await connect({ results: false }).send(add.with({ queue: "it.there" }), 1, 2);
    const client = connect({ broker, results: false });
    await client.send(add.with({ queue: "it.there" }), 3, 4);
    expect(await rejection(client.send(add.with({ queue: "it.missing" }), 5, 6))).toMatchObject({
      code: "access-refused",
      message: expect.stringContaining('The queue does not exist and cannot be declared: "it.missing"'),
    });
  });

  test("closes with everything confirmed", async () => {
    const client = createClient({ broker: vhost.url, results: false });
    const sent = Promise.all(Array.from({ length: 500 }, () => client.send(add, 1, 2)));
    await pause(0);
    await client.close();
    expect(await sent).toHaveLength(500);
  });
});
