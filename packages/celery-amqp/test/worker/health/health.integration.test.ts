import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../../scripts/vitest/vhost.ts";
import { createClient, defineTask } from "../../../src/index.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

const started = Promise.withResolvers<void>();
const finish = Promise.withResolvers<void>();
const hold = defineTask("health.hold", async () => {
  started.resolve();
  await finish.promise;
});

function workerOf(options: Partial<CreateWorkerOptions> = {}): Worker {
  const worker = createWorker({
    broker: vhost.url,
    logLevel: "silent",
    tasks: [hold],
    queues: [`q-${randomUUID()}`],
    health: { port: 0, host: "127.0.0.1" },
    ...options,
  });
  live.push(() => worker.stop({ grace: 0 }));
  return worker;
}

async function ask({ healthPort }: Worker, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${healthPort}${path}`);
  return { status: response.status, body: await response.json() };
}

const status = async (worker: Worker, path: string) => (await ask(worker, path)).status;

describe("the health of a worker on RabbitMQ", () => {
  test("is ready once it consumes, not while its connection is lost, and again when it is back", async () => {
    const proxy = await createTcpProxy(vhost.url);
    live.push(() => proxy.close());
    const [queue, second] = [`q-${randomUUID()}`, `q-${randomUUID()}`];
    const worker = workerOf({ broker: proxy.url, queues: [queue, second] });
    await worker.start();
    expect(await ask(worker, "/readyz")).toMatchObject({
      status: 200,
      body: {
        state: "running",
        transport: "open",
        queues: [
          { name: queue, isConsumed: true, isPaused: false },
          { name: second, isConsumed: true, isPaused: false },
        ],
        active: 0,
        waiting: 0,
      },
    });
    await proxy.refuse();
    await eventually("it is not ready", async () => (await status(worker, "/readyz")) === 503);
    expect(await ask(worker, "/healthz")).toMatchObject({ status: 200, body: { transport: "connecting" } });
    await proxy.resume();
    await eventually("it is ready again", async () => (await status(worker, "/readyz")) === 200);
    expect(JSON.stringify(await ask(worker, "/readyz"))).not.toContain(new URL(vhost.url).host);
  });

  test("is alive and not ready while it drains, then gone with its heartbeat", async () => {
    const file = join(tmpdir(), `heartbeat-${randomUUID()}`);
    const queue = `q-${randomUUID()}`;
    const worker = workerOf({ queues: [queue], health: { port: 0, host: "127.0.0.1", file } });
    const client = createClient({ broker: vhost.url, defaultQueue: queue });
    live.push(() => client.close());
    await worker.start();
    expect(Math.abs(Date.now() - Date.parse(await readFile(file, "utf8")))).toBeLessThan(30_000);
    await client.send(hold);
    await started.promise;
    const stopped = worker.stop();
    expect(await ask(worker, "/readyz")).toMatchObject({ status: 503, body: { state: "draining", active: 1 } });
    expect(await status(worker, "/healthz")).toBe(200);
    const { healthPort } = worker;
    finish.resolve();
    await stopped;
    await expect(fetch(`http://127.0.0.1:${healthPort}/healthz`)).rejects.toThrow("fetch failed");
    await expect(readFile(file)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("cannot be had at a port that another has", async () => {
    const first = workerOf();
    await first.start();
    const second = workerOf({ health: { port: first.healthPort ?? 0, host: "127.0.0.1" } });
    await expect(second.start()).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining(`port ${first.healthPort}`),
    });
    expect(second.state).toBe("stopped");
    expect(await status(first, "/readyz")).toBe(200);
  });
});
