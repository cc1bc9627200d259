import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { threadId } from "node:worker_threads";
import { Decimal, LocalDate } from "@leveret/celery-protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../../scripts/vitest/vhost.ts";
import {
  chain,
  chord,
  type Client,
  createClient,
  type CreateClientOptions,
  type Logger,
  starmap,
} from "../../../src/index.ts";
import { type ChildPoolOptions, createWorker, type CreateWorkerOptions, type Worker } from "../../../src/worker.ts";
import { createMemoryResults } from "../../../src/testing.ts";
import { eventually } from "@leveret/test-support/eventually";
import * as tasks from "./tasks.ts";

// Real children, a real broker: what tasks can do in the worker itself they can do in threads and processes.

// Many children load the same sources: once stripped of their types and compiled they need not be again.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(
  new URL("../../../../../node_modules/.cache/compile", import.meta.url),
);

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

const module = new URL("./tasks.ts", import.meta.url);
const fromSource = { module, execArgv: ["--conditions=@leveret/source"] };

interface Pair {
  readonly client: Client;
  readonly worker: Worker;
  /** Log lines, each `level message` and its fields. */
  readonly lines: readonly { readonly text: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

function create(
  pool: Omit<ChildPoolOptions, "module">,
  options: Partial<CreateWorkerOptions> = {},
  clientOptions: Partial<CreateClientOptions> = {},
): Pair & { readonly start: () => Promise<void> } {
  const queue = `q-${randomUUID()}`;
  const lines: { text: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ text: `${level} ${message}`, fields });
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const worker = createWorker({
    broker: vhost.url,
    tasks: Object.values(tasks).filter((task) => task !== tasks.here),
    queues: [queue],
    defaultQueue: queue,
    logger,
    pool: { ...fromSource, ...pool },
    ...options,
  });
  const client = createClient({ broker: vhost.url, defaultQueue: queue, ...clientOptions });
  const stop = async (): Promise<void> => {
    await client.close();
    await worker.stop({ grace: 0 });
  };
  return { client, worker, lines, start: () => worker.start().finally(() => live.push(stop)) };
}

async function pair(...setting: Parameters<typeof create>): Promise<Pair> {
  const { start, ...made } = create(...setting);
  await start();
  return made;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.each(["threads", "processes"] as const)("a worker with a pool of %s", (kind) => {
  test("runs handlers as the worker itself would", async () => {
    const { client, lines } = await pair({ kind }, { concurrency: 2 });
    expect(await client.call(tasks.add, 2, 3)).toBe(5);
    const [pid, thread] = await client.call(tasks.whoami);
    expect([pid === process.pid, thread > 0]).toEqual(kind === "threads" ? [true, true] : [false, false]);
    expect(await client.call(tasks.values)).toEqual({
      big: 2n ** 70n,
      bytes: new Uint8Array([1, 2, 255]),
      date: new Date(0),
      day: new LocalDate("2024-02-29"),
      price: new Decimal("12.3400"),
    });
    const odd = { big: -(2n ** 80n), price: new Decimal("1E+3"), at: new Date(1), bytes: new Uint8Array([0, 128]) };
    expect(await client.call(tasks.echo, [odd, null, "ü", 1.5])).toEqual([odd, null, "ü", 1.5]);

    expect(await client.call(tasks.parent, 5)).toEqual([6, 7, true]);
    expect(lines.find(({ text }) => text === "info half way")?.fields).toMatchObject({ task: "pool.parent", x: 5 });
    expect(await client.call(tasks.astray)).toBe("nowhere");
    await using events = client.events({ types: ["task-halfway"] });
    await events.opened;
    const watched = await client.send(tasks.parent, 1);
    const states: string[] = [];
    for await (const { status } of watched.states()) states.push(status);
    expect(states).toEqual(["PROGRESS", "SUCCESS"]);
    expect(await events.next()).toMatchObject({ value: { extra: { uuid: watched.id, pct: 50 } } });
  });

  test("composes, replaces, adds to chords and hears of failures as the worker itself would", async () => {
    const results = createMemoryResults();
    const { client, worker } = await pair(
      { kind },
      { concurrency: 2, results: results.connect() },
      { results: results.connect() },
    );
    expect(await client.call(tasks.composes)).toBe(5);
    expect(await client.call(chain(tasks.swaps.s(1), tasks.add.s(100)))).toBe(112);
    expect(await client.call(chord([tasks.joins.s(), tasks.add.s(2, 2)], tasks.total.s()))).toBe(45);
    expect(
      await client.call(
        starmap(tasks.add, [
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toEqual([3, 7]);
    const failing = await client.send(tasks.fails.s().linkError(tasks.hears.s()));
    await expect(failing.get()).rejects.toMatchObject({ excType: "PaymentError" });
    const heard = `heard-${failing.id}`;
    await eventually("the errback", () => client.result(heard).state === "SUCCESS");
    expect(await client.result(heard).get()).toEqual(["PaymentError", worker.name]);
  });

  test("tells failures, retries and refusals as the worker itself would", async () => {
    const { client } = await pair({ kind }, { concurrency: 2 });
    await expect(client.call(tasks.fails)).rejects.toMatchObject({
      excType: "PaymentError",
      excModule: "shop.errors",
      excArgs: [402, "no funds"],
      traceback: expect.stringContaining("tasks.ts") as string,
    });
    expect(await client.call(tasks.flaky, "busy")).toBe(3);
    const second = { value: new Date(5), by: 2n ** 70n, priority: 4, headers: { turn: 2 } };
    expect(await client.call(tasks.renewed, 1)).toEqual(second);
    await expect(client.call(tasks.unsendable)).rejects.toMatchObject({ excType: "EncodeError" });
    await expect(client.call(tasks.rejects)).rejects.toMatchObject({
      excType: "Reject",
      excModule: "celery.exceptions",
      excArgs: ["no such customer", false],
    });
    await expect(client.call(tasks.flaky, "broken")).rejects.toMatchObject({ excType: "TypeError" });
    await expect(client.call(tasks.unwritable)).rejects.toMatchObject({
      excType: "EncodeError",
      excMessage: expect.stringContaining("Object.fromEntries(map)") as string,
    });
    await expect(client.call(tasks.checked, 7)).rejects.toMatchObject({
      excMessage: expect.stringContaining("pool.checked") as string,
    });
    await expect(client.sendByName("pool.checked", { args: ["x"] }).then((sent) => sent.get())).rejects.toMatchObject({
      excType: "ValueError",
    });
  });

  test("reports a run that waits for a task while all slots wait", async () => {
    const { client, lines } = await pair({ kind }, { concurrency: 1 });
    const { id } = await client.send(tasks.parent, 5);
    const reported = () => lines.find(({ text }) => text.startsWith("warn a task waits for a task"))?.fields;
    await eventually("the warning", () => reported() !== undefined);
    expect(reported()).toMatchObject({ task: "pool.parent", id, awaited: "pool.add", slots: 1 });
  });

  test("keeps limits, and goes on when a child dies", async () => {
    const { client, lines } = await pair({ kind }, { concurrency: 1 });
    await expect(client.call(tasks.patient.with({ softTimeLimit: "200ms" }))).rejects.toMatchObject({
      excType: "SoftTimeLimitExceeded",
    });
    await expect(client.call(tasks.spin.with({ timeLimit: "300ms" }), 60_000)).rejects.toMatchObject({
      excType: "TimeLimitExceeded",
      excArgs: [0.3],
    });
    await expect(client.call(tasks.exits)).rejects.toMatchObject({
      excType: "WorkerLostError",
      excMessage: "Worker exited prematurely: exit code 3",
    });
    await expect(client.call(tasks.breaks)).rejects.toMatchObject({
      excType: "WorkerLostError",
      excMessage: expect.stringContaining("outside of the handler") as string,
    });
    expect(await client.call(tasks.add, 1, 1)).toBe(2);
    expect(lines.filter(({ text }) => text === "warn a child of the pool died and is replaced")).toHaveLength(2);
  });

  test("replaces children that have run enough, or hold too much", async () => {
    const { client } = await pair({ kind, maxMemoryPerChild: "400MB", maxTasksPerChild: 3 }, { concurrency: 1 });
    const children: string[] = [];
    for (let n = 0; n < 4; n++) children.push(String(await client.call(tasks.whoami)));
    expect(children.map((child) => child === children[0])).toEqual([true, true, true, false]);
    const full = await client.call(tasks.hoard, 500);
    expect(await client.call(tasks.hoard, 1)).not.toBe(full);
  });

  test("aborts what runs when the grace is over, and kills what does not listen", async () => {
    const { client, worker } = await pair({ kind }, { concurrency: 2 });
    const begun: string[] = [];
    const cancelled: string[] = [];
    worker.on("taskStarted", ({ task }) => void begun.push(task.task));
    worker.on("taskCancelled", ({ task, requeue }) => void (requeue && cancelled.push(task.task)));
    await client.send(tasks.patient);
    await client.send(tasks.spin, 60_000);
    await eventually("both have begun", () => begun.length === 2);
    await worker.stop({ grace: "100ms" });
    expect(cancelled.toSorted()).toEqual(["pool.patient", "pool.spin"]);
    expect(worker.runaways).toBe(0);
  });

  test("ends what others revoke by message, and may revoke itself", async () => {
    const { client, worker } = await pair({ kind }, { concurrency: 2, name: `pool-${randomUUID()}@here` });
    const spinning = await client.send(tasks.spin, 600_000);
    await eventually("it runs", () => worker.health.active === 1);
    const asked = { destination: worker.name, timeout: "150s" } as const;
    const own = kind === "threads";
    const stats = await client.inspect.stats(asked);
    const active = await client.inspect.active(asked);
    expect(stats).toMatchObject({ [worker.name]: { pool: { implementation: `leveret:${kind}` } } });
    expect(active).toMatchObject({ [worker.name]: [{ id: spinning.id, type: "pool.spin" }] });
    expect([JSON.stringify(active), JSON.stringify(stats)].map((text) => text.includes(`:${process.pid}`))).toEqual([
      own,
      true,
    ]);
    await spinning.revoke({ terminate: true });
    await expect(spinning.get({ timeout: "150s" })).rejects.toMatchObject({ reason: "terminated" });
    expect(await client.call(tasks.revokes)).toBe("REVOKED");
  });

  test("ends what is revoked with terminate: by its signal, or by killing what does not listen", async () => {
    const { client, worker } = await pair({ kind }, { concurrency: 2 });
    const begun: string[] = [];
    worker.on("taskStarted", ({ task }) => void begun.push(task.id));
    const results = [await client.send(tasks.patient), await client.send(tasks.spin, 60_000)];
    await eventually("both have begun", () => begun.length === 2);
    worker.revoke(begun, { terminate: true, reason: "enough" });
    for (const result of results) {
      await expect(result.get({ timeout: "150s" })).rejects.toMatchObject({
        code: "task-revoked",
        reason: "terminated",
      });
    }
    expect(await client.call(tasks.add, 1, 1)).toBe(2);
    // A killed process counts until the system reports its end.
    await eventually("no run is left behind", () => worker.runaways === 0);
  });

  test("does not start with a module that cannot be used", async () => {
    const missing = create(
      { kind },
      { pool: { ...fromSource, kind, module: new URL("./missing.ts", import.meta.url) } },
    );
    await expect(missing.start()).rejects.toMatchObject({
      code: "pool-failed",
      message: expect.stringMatching(/missing\.ts.*cannot find module/i) as string,
    });
    const unhandled = create({ kind }, { pool: { ...fromSource, kind, exports: ["add"] } });
    await expect(unhandled.start()).rejects.toMatchObject({
      code: "task-unhandled",
      message: expect.stringMatching(/no handler for .*"pool\.whoami"/) as string,
    });
  });
});

describe("a worker with a pool of processes", () => {
  test("runs a task again whose child was killed", async () => {
    const { client, worker } = await pair({ kind: "processes" }, { concurrency: 1 });
    const [child] = await client.call(tasks.whoami);
    const started: boolean[] = [];
    worker.on("taskStarted", () => void started.push(true));
    const result = await client.send(tasks.spin, 1_500);
    await eventually("it has begun", () => started.length === 1);
    process.kill(child, "SIGKILL");
    expect(await result.get()).not.toBe(child);
    expect(started).toHaveLength(2);
    expect(isAlive(child)).toBe(false);
  });

  test("runs 1 000 tasks through four children, with heartbeats while they compute", async () => {
    const { client, lines } = await pair({ kind: "processes" }, { concurrency: 4, amqp: { heartbeat: 2 } });
    const pids = new Set<number>();
    await eventually("four children have computed", async () => {
      const spinning = await client.sendMany(Array.from({ length: 4 }, () => tasks.spin.s(500)));
      for (const result of spinning) pids.add(await result.get());
      return pids.size === 4;
    });
    await client.call(tasks.spin, 7_000);
    const results = await client.sendMany(Array.from({ length: 1_000 }, (_, n) => tasks.add.s(n, 1)));
    const sums = await Promise.all(results.map((result) => result.get()));
    expect(sums).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1));
    expect(lines.filter(({ text }) => text.startsWith("info connected to the broker"))).toHaveLength(2);
  });
});

describe("a worker with several pools", () => {
  test("runs each task where it asks to", async () => {
    const { client } = await pair(
      { kind: "processes" },
      {
        pool: [{ ...fromSource, kind: "processes", exports: ["whoami"] }, "inline"],
        tasks: [tasks.whoami, tasks.here],
      },
    );
    expect(await client.call(tasks.whoami)).not.toEqual([process.pid, threadId]);
    expect(await client.call(tasks.here)).toBe(process.pid);
  });
});

test("a process with options that threads cannot have has threads nevertheless", async () => {
  const before = [...process.execArgv];
  process.execArgv.push("--max-old-space-size=4000", "--expose-gc");
  live.push(async () => void process.execArgv.splice(0, Infinity, ...before));
  const { client } = await pair({ kind: "threads", size: 1 });
  expect(await client.call(tasks.add, 2, 3)).toBe(5);
});
