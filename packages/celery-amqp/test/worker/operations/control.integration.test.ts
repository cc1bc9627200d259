import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../../scripts/vitest/vhost.ts";
import { createClient, defineTask, TaskRevokedError } from "../../../src/index.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";

const live: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

describe.each(brokersAtHand())("a running worker on RabbitMQ (%s)", (which) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(which);
  });
  afterAll(() => vhost.remove());

  const add = defineTask("control.add", (_ctx, x: number, y: number) => x + y);
  const hold = defineTask("control.hold", (ctx) => {
    return new Promise<string>((_resolve, reject) => {
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason as Error));
    });
  });

  async function start(
    options: Partial<CreateWorkerOptions> & { readonly queues: readonly string[] },
  ): Promise<Worker> {
    const worker = createWorker({ broker: vhost.url, tasks: [add, hold], logLevel: "error", ...options });
    live.push(() => worker.stop({ grace: 0 }));
    await worker.start();
    return worker;
  }

  function clientOf(defaultQueue: string) {
    const client = createClient({ broker: vhost.url, defaultQueue });
    live.push(() => client.close());
    return client;
  }

  async function stateFile(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "leveret-state-"));
    live.push(() => rm(folder, { recursive: true }));
    return join(folder, "worker.state.json");
  }

  test("keeps what was revoked across a restart, and tells the caller", async () => {
    const [queue, file] = [`q-${randomUUID()}`, await stateFile()];
    const client = clientOf(queue);
    const first = await start({ queues: [queue], stateFile: file });
    await first.pause();
    const revoked = await client.send(add, 1, 2);
    const stamped = await client.send(add.with({ stamps: { tenant: "blue" } }), 1, 2);
    first.revoke(revoked.id);
    first.revoke({ stamps: { tenant: "blue" } });
    await first.stop();
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ version: 1 });

    await start({ queues: [queue], stateFile: file });
    const fine = await client.send(add, 20, 22);
    expect(await fine.get({ timeout: "150s" })).toBe(42);
    for (const result of [revoked, stamped]) {
      const error: unknown = await result.get({ timeout: "150s" }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskRevokedError);
      expect(error).toMatchObject({ reason: "revoked" });
    }
  });

  test("starts with a state file that makes no sense, and mends it", async () => {
    const file = await stateFile();
    await writeFile(file, "\u0000not json");
    const worker = await start({ queues: [`q-${randomUUID()}`], stateFile: file });
    expect(worker.state).toBe("running");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ version: 1, revoked: { ids: [], stamps: [] } });
  });

  test("does not start where its state cannot be kept", async () => {
    const worker = createWorker({
      broker: vhost.url,
      tasks: [add],
      logLevel: "silent",
      stateFile: join(tmpdir(), randomUUID(), "no-such-folder", "state.json"),
    });
    await expect(worker.start()).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("stateFile"),
    });
  });

  test("ends a running task that is terminated, and its caller hears of it", async () => {
    const queue = `q-${randomUUID()}`;
    const worker = await start({ queues: [queue] });
    const result = await clientOf(queue).send(hold);
    await eventually("it runs", () => worker.health.active === 1);
    expect(worker.revoke(result.id, { terminate: true, reason: "not needed" }).running).toEqual([result.id]);
    await expect(result.get({ timeout: "150s" })).rejects.toMatchObject({ code: "task-revoked", reason: "terminated" });
    await eventually("its slot is free", () => worker.health.active === 0);
  });

  test("keeps to a rate limit over time, while tasks without one pass those that wait", async () => {
    const queue = `q-${randomUUID()}`;
    const runs: number[] = [];
    const limited = defineTask("control.limited", { rateLimit: "10/s", run: () => void runs.push(Date.now()) });
    const worker = await start({ queues: [queue], tasks: [add, limited], concurrency: 2 });
    const client = clientOf(queue);
    const results = await client.sendMany(Array.from({ length: 25 }, () => limited.s()));
    expect(await (await client.send(add, 1, 1)).get({ timeout: "150s" })).toBe(2);
    expect(worker.health.throttled).toBeGreaterThan(0);
    await Promise.all(results.map((result) => result.get({ timeout: "150s" })));
    const tookMs = (runs.at(-1) ?? 0) - (runs[0] ?? 0);
    expect(tookMs).toBeGreaterThan(1_800); // 24 intervals of 100 ms, less what a late first run takes
    expect(tookMs).toBeLessThan(20_000);
  });

  test("leaves a flood to the broker, and others pass it", async () => {
    const queue = `q-${randomUUID()}`;
    const runs: number[] = [];
    const limited = defineTask("control.flooded", { rateLimit: "10/s", run: (_ctx, n: number) => void runs.push(n) });
    const worker = await start({ queues: [queue], tasks: [add, limited], concurrency: 2, scheduledLimit: 60 });
    const client = clientOf(queue);
    const results = await client.sendMany(Array.from({ length: 120 }, (_, n) => limited.s(n)));
    expect(await (await client.send(add, 1, 1)).get({ timeout: "150s" })).toBe(2);
    expect(runs.length).toBeLessThan(120);
    await Promise.all(results.map((result) => result.get({ timeout: "150s" })));
    expect(runs.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 120 }, (_, n) => n));
    expect(worker.health.throttled).toBe(0);
  });

  test("takes nothing while it is paused, and goes on where it was", async () => {
    const queue = `q-${randomUUID()}`;
    const worker = await start({ queues: [queue] });
    const client = clientOf(queue);
    await worker.pause();
    const results = await client.sendMany(Array.from({ length: 20 }, (_, n) => add.s(n, n)));
    expect(worker.health).toMatchObject({ isReady: false, active: 0, waiting: 0 });
    await worker.resume();
    expect(await Promise.all(results.map((result) => result.get({ timeout: "150s" })))).toEqual(
      Array.from({ length: 20 }, (_, n) => 2 * n),
    );
    expect(worker.health.isReady).toBe(true);
  });

  test("serves a queue that is added, no longer one that is cancelled", async () => {
    const [queue, other] = [`q-${randomUUID()}`, `q-${randomUUID()}`];
    const worker = await start({ queues: [queue] });
    await worker.addConsumer({ name: other, exchange: "control-exchange", exchangeType: "topic", routingKey: "a.#" });
    expect(await clientOf(other).call(add, 1, 2)).toBe(3);
    await worker.cancelConsumer(other);
    const left = await clientOf(other).send(add, 1, 2);
    expect(await clientOf(queue).call(add, 3, 4)).toBe(7);
    expect(left.state).toBe("PENDING");
  });
});
