import { afterEach, describe, expect, test } from "vitest";
import type { StateHost } from "../../../src/ports/state.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { TaskRevoked } from "../../../src/task/stop-reasons.ts";
import { createHarness, startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
});

const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);

/** A task that goes on until `end` is called or, if it listens, its signal is aborted. */
function holding(listens: boolean, answer: (reason: unknown) => void = (reason) => reject(reason)) {
  const reasons: unknown[] = [];
  let end = (): void => {};
  const task = defineTask("demo.hold", {
    run: (context) =>
      new Promise<string>((resolve, fail) => {
        end = () => resolve("done");
        context.signal.addEventListener("abort", () => {
          reasons.push(context.signal.reason);
          if (!listens) return;
          try {
            answer(context.signal.reason);
          } catch (error) {
            fail(error);
          }
        });
      }),
  });
  return { task, reasons, end: () => end() };
}

function reject(reason: unknown): never {
  throw reason;
}

const revokedMeta = { status: "REVOKED", exception: { type: "TaskRevokedError", args: ["revoked"] } };
const terminatedMeta = { status: "REVOKED", exception: { type: "TaskRevokedError", args: ["terminated"] } };

describe("a revoked task", () => {
  test("that comes later is acked, not run, and REVOKED", async () => {
    harness = await startWorker([add]);
    expect(harness.worker.revoke(["a", "b"])).toEqual({ waiting: [], running: [] });
    await harness.send({ id: "a", task: "demo.add", args: [1, 2] });
    await harness.send({ id: "c", task: "demo.add", args: [1, 2] });
    await harness.settle();
    expect(await harness.results()).toMatchObject([
      { taskId: "a", ...revokedMeta },
      { taskId: "c", status: "SUCCESS" },
    ]);
    expect(harness.events).toContainEqual(expect.objectContaining({ type: "taskRevoked", reason: "revoked" }));
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("that waits for a slot is refused at once", async () => {
    const { task } = holding(true);
    harness = await startWorker([task, add], { concurrency: 1, queues: ["celery", "second"] });
    await harness.send({ id: "runs", task: "demo.hold" });
    await harness.send({ id: "waits", task: "demo.add", args: [1, 2] }, "second");
    await harness.settle();
    expect(harness.worker.revoke("waits")).toEqual({ waiting: ["waits"], running: [] });
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ taskId: "waits", ...revokedMeta }]);
    expect(harness.worker.health).toMatchObject({ active: 1, waiting: 0 });
  });

  test("that waits for its eta is refused at once", async () => {
    harness = await startWorker([add]);
    const eta = { epochMs: harness.clock.now() + 1_500, text: "" };
    await harness.send({
      id: "later",
      task: "demo.add",
      args: [1, 2],
      eta: { ...eta, text: new Date(eta.epochMs).toISOString() },
    });
    await harness.settle();
    expect(harness.worker.health.scheduled).toBe(1);
    harness.worker.revoke("later");
    await harness.settle();
    expect(harness.worker.health.scheduled).toBe(0);
    expect(await harness.results()).toMatchObject([{ taskId: "later", ...revokedMeta }]);
  });

  test("that waits for its turn under a rate limit is refused at once and takes no token", async () => {
    const slow = defineTask("demo.slow", { rateLimit: "1/m", run: () => "slow" });
    harness = await startWorker([slow]);
    for (const id of ["first", "second", "third"]) await harness.send({ id, task: "demo.slow" });
    await harness.settle();
    expect(harness.worker.revoke("second").waiting).toEqual(["second"]);
    await harness.clock.advance(60_000);
    expect(await harness.results()).toMatchObject([
      { taskId: "first", status: "SUCCESS" },
      { taskId: "second", status: "REVOKED" },
      { taskId: "third", status: "SUCCESS" },
    ]);
  });

  test("that runs goes on to its end", async () => {
    const { task, reasons, end } = holding(true);
    harness = await startWorker([task]);
    await harness.send({ id: "runs", task: "demo.hold" });
    await harness.settle();
    expect(harness.worker.revoke("runs")).toEqual({ waiting: [], running: ["runs"] });
    await harness.clock.advance(5_000);
    end();
    await harness.settle();
    expect(reasons).toEqual([]);
    expect(await harness.results()).toMatchObject([{ status: "SUCCESS" }]);
  });

  test("by a stamp is refused, others are not", async () => {
    harness = await startWorker([add]);
    harness.worker.revoke({ stamps: { tenant: ["blue", "green"] } });
    const of = (tenant: unknown) => ({ stampedHeaders: ["tenant"], stamps: { tenant } as never });
    await harness.send({ id: "blue", task: "demo.add", args: [1, 2], ...of("blue") });
    await harness.send({ id: "red", task: "demo.add", args: [1, 2], ...of("red") });
    await harness.send({ id: "some", task: "demo.add", args: [1, 2], ...of(["red", "green"]) });
    await harness.settle();
    expect((await harness.results()).map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([
      "blue REVOKED",
      "red SUCCESS",
      "some REVOKED",
    ]);
  });
});

describe("terminating", () => {
  test("aborts the signal with the reason; the task is REVOKED and acked", async () => {
    const { task, reasons } = holding(true);
    harness = await startWorker([task]);
    await harness.send({ id: "runs", task: "demo.hold" });
    await harness.settle();
    expect(harness.worker.revoke("runs", { terminate: true, reason: "wrong file" }).running).toEqual(["runs"]);
    await harness.settle();
    expect(reasons).toEqual([expect.objectContaining({ name: "TaskRevoked", reason: "wrong file" })]);
    expect(reasons[0]).toBeInstanceOf(TaskRevoked);
    expect(await harness.results()).toMatchObject([terminatedMeta]);
    expect(harness.events.at(-1)).toMatchObject({ type: "taskRevoked", reason: "terminated" });
    expect(harness.broker.messages("celery")).toEqual([]);
    expect(harness.worker.runaways).toBe(0);
  });

  test("gives up a handler that does not listen after a second", async () => {
    const { task, end } = holding(false);
    harness = await startWorker([task], { concurrency: 1 });
    await harness.send({ id: "runs", task: "demo.hold" });
    await harness.settle();
    harness.worker.revoke("runs", { terminate: true });
    await harness.clock.advance(999);
    expect(await harness.results()).toEqual([]);
    await harness.clock.advance(1);
    expect(await harness.results()).toMatchObject([terminatedMeta]);
    expect(harness.worker.runaways).toBe(1);
    end();
    await harness.settle();
    expect(harness.worker.runaways).toBe(0);
    expect(await harness.results()).toHaveLength(1);
  });

  test("wins over a retry that the handler asks for, but not over its success", async () => {
    const retries = defineTask("demo.retries", (context) => {
      return new Promise<never>((_resolve, fail) => {
        context.signal.addEventListener("abort", () => {
          try {
            context.retry();
          } catch (error) {
            fail(error);
          }
        });
      });
    });
    const succeeds = defineTask("demo.succeeds", (context) => {
      return new Promise<string>((resolve) => context.signal.addEventListener("abort", () => resolve("in time")));
    });
    harness = await startWorker([retries, succeeds]);
    await harness.send({ id: "one", task: "demo.retries" });
    await harness.send({ id: "two", task: "demo.succeeds" });
    await harness.settle();
    harness.worker.revoke(["one", "two"], { terminate: true });
    await harness.settle();
    const results = await harness.results();
    expect(results.find(({ taskId }) => taskId === "one")).toMatchObject(terminatedMeta);
    expect(results.find(({ taskId }) => taskId === "two")).toMatchObject({ status: "SUCCESS", result: "in time" });
    expect(results).toHaveLength(2);
  });

  test("reaches tasks by their stamp", async () => {
    const { task } = holding(true);
    harness = await startWorker([task]);
    await harness.send({ id: "runs", task: "demo.hold", stampedHeaders: ["tenant"], stamps: { tenant: "blue" } });
    await harness.settle();
    expect(harness.worker.revoke({ stamps: { tenant: "blue" } }, { terminate: true }).running).toEqual(["runs"]);
    await harness.settle();
    expect(await harness.results()).toMatchObject([terminatedMeta]);
  });
});

describe("what cannot be revoked", () => {
  test.each([
    [""],
    [[""]],
    [[7]],
    [7],
    [null],
    [{ stamps: {} }],
    [{ stamps: { a: [] } }],
    [{ stamps: { a: {} } }],
    [{ stamps: "a=b" }],
  ])("%j is refused", async (what) => {
    harness = await createHarness([add]);
    expect(() => harness?.worker.revoke(what as never)).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});

/** Files in memory; those in `broken` cannot be written. */
function memoryFiles(content: Record<string, string> = {}, broken: { now: boolean } = { now: false }) {
  const files = new Map(Object.entries(content));
  const writes: string[] = [];
  const host: StateHost = {
    read: async (file) => files.get(file) ?? null,
    write: async (file, text) => {
      if (broken.now) throw new Error("the disk is full");
      files.set(file, text);
      writes.push(text);
    },
  };
  return { host, files, writes };
}

describe("the state file", () => {
  test("keeps what was revoked for the next worker", async () => {
    const { host, files } = memoryFiles();
    harness = await createHarness([add], {}, undefined, { file: "state", host });
    await harness.worker.start();
    harness.worker.revoke("a");
    harness.worker.revoke({ stamps: { tenant: "blue" } });
    await harness.worker.stop();
    expect(JSON.parse(files.get("state") ?? "")).toMatchObject({
      version: 1,
      revoked: { ids: [["a", expect.any(Number)]] },
    });

    const next = await createHarness([add], {}, undefined, { file: "state", host });
    harness = next;
    await next.worker.start();
    await next.send({ id: "a", task: "demo.add", args: [1, 2] });
    await next.send({
      id: "b",
      task: "demo.add",
      args: [1, 2],
      stampedHeaders: ["tenant"],
      stamps: { tenant: "blue" },
    });
    await next.settle();
    expect(await next.results()).toMatchObject([revokedMeta, revokedMeta]);
  });

  test("is written once for many changes, soon", async () => {
    const { host, writes } = memoryFiles();
    harness = await createHarness([add], {}, undefined, { file: "state", host });
    await harness.worker.start();
    expect(writes).toHaveLength(1);
    for (const id of ["a", "b", "c"]) harness.worker.revoke(id);
    await harness.clock.advance(1_000);
    expect(writes).toHaveLength(2);
    expect(writes[1]).toContain('"c"');
  });

  test("that makes no sense is passed over with a warning", async () => {
    const { host } = memoryFiles({ state: '{"version":1,"revo' });
    harness = await createHarness([add], {}, undefined, { file: "state", host });
    await harness.worker.start();
    expect(harness.worker.state).toBe("running");
    expect(harness.lines).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("state file cannot be read") }),
    );
  });

  test("that cannot be written at the start ends it; later it is logged, and tried again", async () => {
    const broken = { now: true };
    const { host, writes } = memoryFiles({}, broken);
    const first = await createHarness([add], {}, undefined, { file: "state", host });
    await expect(first.worker.start()).rejects.toThrow("the disk is full");
    broken.now = false;
    harness = await createHarness([add], {}, undefined, { file: "state", host });
    await harness.worker.start();
    broken.now = true;
    harness.worker.revoke("a");
    await harness.clock.advance(1_000);
    expect(harness.lines).toContainEqual(
      expect.objectContaining({ level: "error", message: "cannot write the state file" }),
    );
    broken.now = false;
    harness.worker.revoke("b");
    await harness.clock.advance(1_000);
    expect(writes.at(-1)).toMatch(/"a".*"b"/);
  });
});
