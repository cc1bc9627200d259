import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue, Worker } from "bullmq";
import { type Figure, perSecond } from "./measure.ts";

/** A Redis without persistence, as BullMQ's own benchmarks use, or null where no redis-server is on PATH. */
export async function startRedis(): Promise<{ port: number; stop: () => void } | null> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return null;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "leveret-redis-"));
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  const server: ChildProcess = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve) => {
    server.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.includes("Ready to accept connections")) resolve();
    });
  });
  const stop = (): void => {
    server.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, stop };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Adds `count` jobs, 500 in flight. */
export async function addJobs(port: number, name: string, count: number): Promise<Figure> {
  const queue = new Queue(name, { connection: { host: "127.0.0.1", port } });
  await queue.waitUntilReady();
  const figure = await perSecond(count, async () => {
    for (let sent = 0; sent < count; sent += 500) {
      await Promise.all(Array.from({ length: Math.min(500, count - sent) }, () => queue.add("add", { x: 2, y: 3 })));
    }
  });
  await queue.close();
  return figure;
}

/** Works `count` jobs off at concurrency 100. */
export async function workJobs(port: number, name: string, count: number): Promise<Figure> {
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let done = 0;
  const worker = new Worker(
    name,
    (job: { data: { x: number; y: number } }) => Promise.resolve(job.data.x + job.data.y),
    {
      connection: { host: "127.0.0.1", port },
      concurrency: 100,
      autorun: false,
      removeOnComplete: { count: 0 },
    },
  );
  worker.on("completed", () => {
    done += 1;
    if (done === count) finish();
  });
  await worker.waitUntilReady();
  const figure = await perSecond(count, async () => {
    void worker.run();
    await finished;
  });
  await worker.close();
  return figure;
}
