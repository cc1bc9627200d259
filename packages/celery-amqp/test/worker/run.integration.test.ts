import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, createClient, defineTask } from "../../src/index.ts";
import { eventually } from "@leveret/test-support/eventually";

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const hold = defineTask<(ms: number) => string>("run.hold");

/** A worker as a process of its own; tasks hold for as long as they are told, or do not listen at all. */
const program = `
import { defineTask } from "@leveret/celery-amqp";
import { runWorker } from "@leveret/celery-amqp/worker";
import { setTimeout as wait } from "node:timers/promises";
const hold = defineTask("run.hold", async (_context, ms) => { await wait(ms); return "held"; });
await runWorker({ tasks: [hold], queues: [process.env.QUEUE], grace: process.env.GRACE, concurrency: Number(process.env.CONCURRENCY ?? 10), logFormat: "json", logLevel: "debug" });
console.log("after");
`;

const live: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0)) await stop();
});

interface Program {
  readonly child: ChildProcess;
  readonly queue: string;
  readonly client: Client;
  readonly ended: Promise<unknown[]>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

async function start({ QUEUE: queue = `q-${randomUUID()}`, ...env }: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", "--input-type=module", "--eval", program], {
    cwd: import.meta.dirname,
    env: { ...process.env, QUEUE: queue, GRACE: "20s", CELERY_BROKER_URL: vhost.url, ...env },
  });
  let [out, err] = ["", ""];
  child.stdout?.on("data", (data) => (out += String(data)));
  child.stderr?.on("data", (data) => (err += String(data)));
  const client = createClient({ broker: vhost.url, defaultQueue: queue });
  live.push(
    () => client.close(),
    () => child.kill("SIGKILL"),
  );
  return { child, queue, client, ended: once(child, "exit"), stdout: () => out, stderr: () => err };
}

async function started(env: Record<string, string> = {}): Promise<Program> {
  const given = await start(env);
  await eventually("it runs", () => given.stderr().includes("worker running"));
  return given;
}

function messages(lines: string): readonly string[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { readonly message: string }).message)
    .filter((message) => /^(worker|task) /.test(message)); // the transport's own lines left out
}

describe("a worker as a process", () => {
  test("finishes what runs when it is told to stop, then goes on below with exit code 0", async () => {
    const { child, client, ended, stdout, stderr } = await started();
    const result = await client.send(hold, 1_500);
    await eventually("the task runs", () => stderr().includes("task started"));
    child.kill("SIGTERM");
    expect(await result.get({ timeout: "150s" })).toBe("held");
    expect(await ended).toEqual([0, null]);
    expect(stdout()).toBe("after\n");
    expect(messages(stderr())).toEqual([
      "worker starting",
      "worker running",
      "task received",
      "task started",
      "worker draining",
      "task succeeded",
      "worker stopped",
    ]);
  });

  test("ends though a task goes on, once its grace is over", async () => {
    const { child, client, ended, stderr } = await started({ GRACE: "200ms" });
    await client.send(hold, 600_000);
    await eventually("the task runs", () => stderr().includes("task started"));
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("ends at once at the second signal", async () => {
    const { child, client, ended, stderr } = await started();
    await client.send(hold, 600_000);
    await eventually("the task runs", () => stderr().includes("task started"));
    child.kill("SIGINT");
    await eventually("it stops", () => stderr().includes("worker draining"));
    child.kill("SIGTERM");
    expect(await ended).toEqual([143, null]);
  });

  test("ends at once at SIGQUIT, and what ran is in its queue again", async () => {
    const { child, client, queue, ended, stderr } = await started();
    await client.send(hold, 600_000);
    await eventually("the task runs", () => stderr().includes("task started"));
    child.kill("SIGQUIT");
    expect(await ended).toEqual([131, null]);
    expect(messages(stderr()).slice(-3)).toEqual([
      "worker draining",
      "task cut short, as the worker stops",
      "worker stopped",
    ]);
    const next = await started({ QUEUE: queue });
    await eventually("it runs again", () => next.stderr().includes("task started"));
  });

  test("stopped warm hands back what has not begun, to a worker that takes it", async () => {
    const first = await started({ CONCURRENCY: "1" });
    const results = [await first.client.send(hold, 1_000), await first.client.send(hold, 1)];
    await eventually("the first task runs", () => first.stderr().includes("task started"));
    first.child.kill("SIGTERM");
    const second = await started({ QUEUE: first.queue });
    expect(await Promise.all(results.map((result) => result.get({ timeout: "150s" })))).toEqual(["held", "held"]);
    expect(await first.ended).toEqual([0, null]);
    expect(messages(first.stderr()).filter((message) => message === "task succeeded")).toHaveLength(1);
    await eventually("the other has told it", () => messages(second.stderr()).includes("task succeeded"));
  });

  test("says in one line why it did not start, with exit code 1", async () => {
    const { ended, stderr, stdout } = await start({ CELERY_BROKER_URL: "amqp://localhost:1" });
    expect(await ended).toEqual([1, null]);
    const lines = stderr()
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("{"));
    expect(lines).toEqual([expect.stringMatching(/^The worker did not start \(broker-unreachable\): .*localhost:1/)]);
    expect(stdout()).toBe("after\n");
  });

  test("answers probes at CELERY_HEALTH_PORT, and says in one line that it is taken", async () => {
    const { child, ended, stderr } = await started({ CELERY_HEALTH_PORT: "0" });
    const port = /"message":"health is served","port":(\d+)/.exec(stderr())?.[1] ?? "";
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    const second = await start({ CELERY_HEALTH_PORT: port });
    expect(await second.ended).toEqual([1, null]);
    expect(second.stderr()).toMatch(
      new RegExp(`^The worker did not start \\(option-invalid\\): .*port ${port} .*$`, "m"),
    );
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("lives through SIGUSR1, SIGUSR2 and the loss of its log's reader, and stops warm at SIGHUP", async () => {
    const { child, client, ended } = await started();
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) child.kill(signal);
    for (let run = 0; run < 3; run += 1) expect(await client.call(hold, 1)).toBe("held");
    child.kill("SIGHUP");
    expect(await ended).toEqual([0, null]);
  });

  test("stops with exit code 0 at a SIGTERM while it looks for a broker that does not answer", async () => {
    const silent = createServer(() => {});
    live.push(() => silent.close());
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as AddressInfo;
    const { child, ended, stderr } = await start({ CELERY_BROKER_URL: `amqp://127.0.0.1:${port}` });
    await eventually("it starts", () => stderr().includes("worker starting"));
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(stderr()).toContain("worker stopped");
  });
});
