import { chord, createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker, type Worker, type CreateWorkerOptions } from "@leveret/celery-amqp/worker";
import { connect } from "amqplib";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { redisResults } from "../src/index.ts";
import { ownRedis, redisUrl } from "./support/redis.ts";
import { freshId, results, store } from "./support/results.ts";

// What a worker does where Redis answers and refuses: what passes is waited for, what stays goes to the dead queue.

async function vhostOfTest(): Promise<TestVhost> {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  return vhost;
}

function workerOf(vhost: TestVhost, url: string, options: Omit<CreateWorkerOptions, "broker" | "results">): Worker {
  const worker = createWorker({ broker: vhost.url, results: redisResults(url), logLevel: "silent", ...options });
  onTestFinished(() => worker.stop());
  return worker;
}

async function redisWithUser(): Promise<{ readonly admin: Redis; readonly url: (password: string) => string }> {
  const server = await ownRedis();
  const admin = new Redis(server.url);
  onTestFinished(async () => {
    admin.disconnect();
    await server.stop();
  });
  await admin.call("acl", "setuser", "web", "on", ">first", "allkeys", "allchannels", "+@all");
  return { admin, url: (password) => server.url.replace("redis://", `redis://web:${password}@`) };
}

interface DeadLetter {
  readonly reason: unknown;
  readonly error: unknown;
}

async function deadLetters(vhost: TestVhost, queue: string): Promise<readonly DeadLetter[]> {
  const connection = await connect(vhost.url);
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  channel.on("error", () => {}); // there is no such queue yet
  const letters: DeadLetter[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return letters;
    const { "x-leveret-reason": reason, "x-leveret-error": error } = message.properties.headers ?? {};
    letters.push({ reason, error });
  }
}

const runs: string[] = [];
const note = defineTask("refused.note", (ctx) => runs.push(ctx.id));

test.each([
  ["a wrong password", (url: (password: string) => string) => url("wrong"), "access-refused"],
  ["no password", (url: (password: string) => string) => url("x").replace(/\/\/.*@/, "//nobody:x@"), "access-refused"],
  ["a database that does not exist", (url: (password: string) => string) => `${url("first")}/99`, "results-refused"],
])("a worker does not start with %s", async (_what, address, code) => {
  const vhost = await vhostOfTest();
  const { url } = await redisWithUser();
  const worker = workerOf(vhost, address(url), { tasks: [note] });
  await expect(worker.start()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^Redis refused the command: 127/) as string,
  });
  expect(worker.state).toBe("stopped");
});

test("a worker whose user may not write does not start", async () => {
  const vhost = await vhostOfTest();
  const { admin, url } = await redisWithUser();
  await admin.call("acl", "setuser", "web", "-setex");
  await expect(workerOf(vhost, url("first"), { tasks: [note] }).start()).rejects.toMatchObject({
    code: "access-refused",
  });
});

test("a worker starts while Redis is away, and is ready once it answers", async () => {
  const vhost = await vhostOfTest();
  const first = await ownRedis();
  await first.kill();
  const worker = workerOf(vhost, first.url, { tasks: [note] });
  await worker.start();
  expect(worker.health.notReadyBecause).toEqual([expect.stringMatching(/^results: Redis does not answer/)]);
  const again = await ownRedis("--port", String(first.port));
  onTestFinished(() => again.stop());
  await eventually("it is ready", () => worker.health.isReady);
});

test.each([
  [
    "whose password was rotated",
    (admin: Redis) => admin.call("acl", "setuser", "web", "resetpass", ">second"),
    (admin: Redis) => admin.call("acl", "setuser", "web", ">first"),
    /WRONGPASS/,
  ],
  [
    "whose rights were taken",
    (admin: Redis) => admin.call("acl", "setuser", "web", "-setex"),
    (admin: Redis) => admin.call("acl", "setuser", "web", "+setex"),
    /Redis refused the command: .*permissions/,
  ],
  [
    "whose keys were taken",
    (admin: Redis) => admin.call("acl", "setuser", "web", "resetkeys", "~other*"),
    (admin: Redis) => admin.call("acl", "setuser", "web", "allkeys"),
    /Redis refused the command: .*permissions/,
  ],
  [
    "whose Redis is full",
    (admin: Redis) => admin.call("config", "set", "maxmemory", "1"),
    (admin: Redis) => admin.call("config", "set", "maxmemory", "0"),
    /OOM/,
  ],
  [
    "whose Redis became a replica",
    (admin: Redis) => admin.call("replicaof", "127.0.0.1", "1"),
    (admin: Redis) => admin.call("replicaof", "no", "one"),
    /READONLY/,
  ],
  [
    "whose Redis cannot save",
    (admin: Redis) => admin.call("config", "set", "min-replicas-to-write", "1"),
    (admin: Redis) => admin.call("config", "set", "min-replicas-to-write", "0"),
    /NOREPLICAS/,
  ],
])("a worker %s waits, is not ready, and then stores what it ran", async (_what, take, giveBack, reason) => {
  const vhost = await vhostOfTest();
  const { admin, url } = await redisWithUser();
  const worker = workerOf(vhost, url("first"), { tasks: [note] });
  const failures: unknown[] = [];
  worker.on("taskFailed", (event) => failures.push(event));
  await worker.start();
  expect(worker.health.isReady).toBe(true);
  const client = createClient({ broker: vhost.url, results: redisResults(url("first")) });
  onTestFinished(() => client.close());
  await take(admin);
  await admin.call("client", "kill", "user", "web");

  const { id } = await client.send(note);
  await eventually("the worker is not ready", () => !worker.health.isReady);
  expect(worker.health.notReadyBecause).toEqual([expect.stringMatching(reason)]);
  expect(worker.health.isAlive).toBe(true);

  await giveBack(admin);
  await eventually("the result is there", async () => (await admin.get(`celery-task-meta-${id}`)) !== null);
  await eventually("the worker is ready", () => worker.health.isReady);
  expect(runs.filter((each) => each === id)).toEqual([id]);
  expect(failures).toEqual([]);
});

test("a chord whose counter is no counter fails, and its members are kept with the reason", async () => {
  const vhost = await vhostOfTest();
  const members: string[] = [];
  const member = defineTask("refused.member", (ctx) => void members.push(ctx.id));
  const body = defineTask("refused.body", () => "never");
  const redis = new Redis(redisUrl());
  onTestFinished(() => redis.disconnect());
  const client = createClient({ broker: vhost.url, results: redisResults(redisUrl()) });
  onTestFinished(() => client.close());
  const result = await client.send(chord([member.s(), member.s()], body.s()));
  await redis.set(`celery-taskset-meta-${result.parent?.id}.j`, "not a sorted set");

  const worker = workerOf(vhost, redisUrl(), { tasks: [member, body] });
  await worker.start();
  const settled = await result.settled({ timeout: 150 });
  expect(settled).toMatchObject({
    status: "FAILURE",
    error: { excType: "ChordError", excMessage: expect.stringMatching(/cannot be counted.*WRONGTYPE/) as string },
  });
  const letters: DeadLetter[] = [];
  await eventually("both members are in the dead queue", async () => {
    letters.push(...(await deadLetters(vhost, "celery.dead").catch(() => [])));
    return letters.length === 2;
  });
  const letter = { reason: "settle-refused", error: expect.stringContaining("WRONGTYPE") as string };
  expect(letters).toEqual([letter, letter]);
  expect(members).toHaveLength(2);
});

test("a result under whose key another program keeps a list fails its task for its caller, and keeps the message", async () => {
  const vhost = await vhostOfTest();
  const redis = new Redis(redisUrl());
  onTestFinished(() => redis.disconnect());
  const client = createClient({ broker: vhost.url, results: redisResults(redisUrl()) });
  onTestFinished(() => client.close());
  const { id } = await client.send(note);
  await redis.lpush(`celery-task-meta-${id}`, "x");

  const failed: string[] = [];
  const worker = workerOf(vhost, redisUrl(), { tasks: [note] });
  worker.on("taskFailed", ({ task, failure }) => failed.push(`${task.id} ${JSON.stringify(failure.exception.args)}`));
  await worker.start();
  await eventually("it fails", () => failed.length > 0);
  expect(failed).toEqual([expect.stringMatching(`${id} .*WRONGTYPE`)]);
  const letters: DeadLetter[] = [];
  await eventually("it is kept", async () => {
    letters.push(...(await deadLetters(vhost, "celery.dead").catch(() => [])));
    return letters.length > 0;
  });
  expect(letters).toEqual([{ reason: "settle-refused", error: expect.stringContaining("WRONGTYPE") as string }]);
  expect(runs.filter((each) => each === id)).toEqual([id]);
});

test("a store waits for a Redis that pauses its clients", async () => {
  const { admin, url } = await redisWithUser();
  const backend = results(url("first"));
  await store(backend, freshId(), 1);
  await admin.call("client", "pause", "300", "write");
  await expect(store(backend, freshId(), 1)).resolves.toBeUndefined();
});

test("a store at a Redis with too many clients may be done again", async () => {
  const { admin, url } = await redisWithUser();
  await admin.call("config", "set", "maxclients", "1");
  await expect(store(results(url("first")), freshId(), 1)).rejects.toMatchObject({ code: "results-unreachable" });
});

// Redis answers and closes the connection while the value is still being written, so the answer may be lost with it.
test("a value above what Redis takes is too large, or at once unreachable, as often as its answer is lost", async () => {
  const { admin, url } = await redisWithUser();
  await admin.call("config", "set", "proto-max-bulk-len", "1048576");
  const backend = results(url("first"));
  const codes = new Set<unknown>();
  const begun = performance.now();
  await eventually("Redis' answer arrives", async () => {
    await store(backend, freshId(), "x".repeat(2_000_000)).catch(({ code }: { code: unknown }) => codes.add(code));
    return codes.has("message-too-large");
  });
  expect(["message-too-large", "results-unreachable"]).toEqual(expect.arrayContaining([...codes]));
  // Not the ten seconds of a command without an answer.
  expect(performance.now() - begun).toBeLessThan(9_000);
  await eventually("a small value is stored", () =>
    store(backend, freshId(), "small").then(
      () => true,
      () => false,
    ),
  );
});

test("a results object belongs to one client or worker", async () => {
  const vhost = await vhostOfTest();
  const shared = redisResults(redisUrl());
  const client = createClient({ broker: vhost.url, results: shared });
  onTestFinished(() => client.close());
  const refusal = { code: "option-invalid", message: expect.stringMatching(/results.*another client/) as string };
  expect(() => createWorker({ broker: vhost.url, results: shared, tasks: [note] })).toThrow(
    expect.objectContaining(refusal) as Error,
  );
  expect(() => createClient({ broker: vhost.url, results: shared })).toThrow(expect.objectContaining(refusal) as Error);
});
