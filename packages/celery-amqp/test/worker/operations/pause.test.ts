import { afterEach, describe, expect, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import { createHarness, startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
});

const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);

/** A task of which each run goes on until it is let go. */
function gated() {
  const open: (() => void)[] = [];
  const task = defineTask("demo.gated", () => new Promise<void>((resolve) => open.push(resolve)));
  return { task, letGo: () => open.shift()?.() };
}

const adding = { task: "demo.add", args: [1, 2] } as const;

describe("a paused worker", () => {
  test("takes nothing until it is resumed, and is alive but not ready", async () => {
    harness = await startWorker([add]);
    const { worker, send, settle, results } = harness;
    await worker.pause();
    await send({ id: "a", ...adding });
    await settle();
    expect(await results()).toEqual([]);
    expect(worker.health).toMatchObject({
      isAlive: true,
      isReady: false,
      queues: [{ name: "celery", isConsumed: false, isPaused: true }],
    });
    await worker.resume();
    await settle();
    expect(await results()).toMatchObject([{ taskId: "a", status: "SUCCESS" }]);
    expect(worker.health).toMatchObject({ isReady: true, queues: [{ isConsumed: true, isPaused: false }] });
  });

  test("lets what runs go on, and hands back what has not begun, in its order", async () => {
    const { task, letGo } = gated();
    const slow = defineTask("demo.slow", { rateLimit: "1/h", run: () => {} });
    harness = await startWorker([task, slow], { concurrency: 1, queues: ["celery", "second"] });
    const { worker, send, settle, broker, results } = harness;
    await send({ id: "runs", task: "demo.gated" });
    await settle();
    await send({ id: "waits", task: "demo.gated" }, "second");
    await send({ id: "turn", task: "demo.slow" });
    await send({ id: "throttled", task: "demo.slow" });
    await settle();
    await worker.pause();
    const waiting = [...broker.messages("celery"), ...broker.messages("second")];
    expect(waiting.map(({ properties }) => properties.correlationId)).toEqual(["turn", "throttled", "waits"]);
    letGo();
    await settle();
    expect(await results()).toMatchObject([{ taskId: "runs", status: "SUCCESS" }]);
    expect(worker.health).toMatchObject({ active: 0, waiting: 0, throttled: 0 });
  });

  test("of one queue goes on with the others", async () => {
    harness = await startWorker([add], { queues: ["celery", "second"] });
    const { worker, send, settle, results } = harness;
    await worker.pause("second");
    await send({ id: "held", ...adding }, "second");
    await send({ id: "done", ...adding });
    await settle();
    expect((await results()).map(({ taskId }) => taskId)).toEqual(["done"]);
    expect(worker.health.queues).toMatchObject([{ isPaused: false }, { isPaused: true }]);
    await worker.resume("second");
    await settle();
    expect((await results()).map(({ taskId }) => taskId)).toEqual(["done", "held"]);
  });

  test("stays paused when the connection comes back, and stops as any other", async () => {
    harness = await startWorker([add]);
    const { worker, send, settle, clock, broker, results } = harness;
    await worker.pause();
    broker.drop();
    await clock.advance(10_000);
    await send({ id: "a", ...adding });
    await settle();
    expect(await results()).toEqual([]);
    await worker.stop();
    expect(worker.state).toBe("stopped");
    expect(broker.messages("celery")).toHaveLength(1);
  });

  test("may be paused and resumed twice, and in one breath: the last word counts", async () => {
    harness = await startWorker([add]);
    const { worker, send, settle, results } = harness;
    await Promise.all([
      worker.pause(),
      worker.resume(),
      worker.pause(),
      worker.pause(),
      worker.resume(),
      worker.resume(),
    ]);
    await send({ id: "a", ...adding });
    await settle();
    expect(await results()).toHaveLength(1);
    await Promise.all([worker.resume(), worker.pause()]);
    expect(worker.health.queues).toMatchObject([{ isPaused: true }]);
  });

  test("that stops meanwhile does not take up again what it paused", async () => {
    harness = await startWorker([add]);
    const { worker, send, broker } = harness;
    await worker.pause();
    const resumed = worker.resume();
    await worker.stop();
    await resumed;
    await send({ id: "a", ...adding });
    expect(broker.messages("celery")).toHaveLength(1);
  });

  test("cannot be told so before it runs, nor for a queue it does not serve", async () => {
    harness = await createHarness([add]);
    const { worker } = harness;
    for (const change of [worker.pause(), worker.resume(), worker.addConsumer("x"), worker.cancelConsumer("x")]) {
      await expect(change).rejects.toMatchObject({ code: "worker-state" });
    }
    await worker.start();
    await expect(worker.pause("other")).rejects.toMatchObject({ code: "option-invalid" });
    await expect(worker.resume("other")).rejects.toMatchObject({ code: "option-invalid" });
  });
});

describe("the queues of a running worker", () => {
  test("can become more: the queue is declared and served", async () => {
    harness = await startWorker([add]);
    const { worker, send, settle, results, broker } = harness;
    await worker.addConsumer("third");
    await worker.addConsumer("third");
    expect(broker.queues()).toContain("third");
    await send({ id: "a", ...adding }, "third");
    await settle();
    expect(await results()).toHaveLength(1);
    expect(worker.health).toMatchObject({ isReady: true, queues: [{ name: "celery" }, { name: "third" }] });
  });

  test("can become fewer, down to none, and come again", async () => {
    harness = await startWorker([add]);
    const { worker, send, settle, results } = harness;
    await worker.cancelConsumer("celery");
    await worker.cancelConsumer("celery");
    expect(worker.health).toMatchObject({ isReady: false, isAlive: true, queues: [] });
    await send({ id: "a", ...adding });
    await settle();
    expect(await results()).toEqual([]);
    await worker.addConsumer("celery");
    await settle();
    expect(await results()).toHaveLength(1);
  });

  test("are not made of what makes no sense", async () => {
    harness = await startWorker([add]);
    await expect(harness.worker.addConsumer("")).rejects.toMatchObject({ code: "option-invalid" });
    await expect(harness.worker.addConsumer({ name: 7 } as never)).rejects.toMatchObject({ code: "option-invalid" });
    expect(harness.worker.health.queues).toHaveLength(1);
  });
});

describe("a time limit set at run time", () => {
  test("counts for the runs that begin later, and can be lifted", async () => {
    const { task, letGo } = gated();
    harness = await startWorker([task], { concurrency: 2 });
    const { worker, send, settle, clock, results } = harness;
    await send({ id: "before", task: "demo.gated" });
    await settle();
    worker.setTimeLimit(task, { hard: "2s" });
    await send({ id: "after", task: "demo.gated" });
    await clock.advance(2_000);
    expect(await results()).toMatchObject([{ taskId: "after", exception: { type: "TimeLimitExceeded", args: [2] } }]);
    worker.setTimeLimit("demo.gated", {});
    await send({ id: "unlimited", task: "demo.gated" });
    await clock.advance(60_000);
    expect(await results()).toHaveLength(1);
    for (let n = 0; n < 3; n += 1) letGo();
  });

  test("gives way to that of the message", async () => {
    const { task } = gated();
    harness = await startWorker([task]);
    const { worker, send, clock, results } = harness;
    worker.setTimeLimit(task, { hard: 1 });
    await send({ id: "own", task: "demo.gated", timeLimit: { hardSeconds: 3, softSeconds: null } });
    await clock.advance(2_999);
    expect(await results()).toEqual([]);
    await clock.advance(1);
    expect(await results()).toHaveLength(1);
  });

  test.each([{ hard: 0 }, { soft: "soon" }, { hard: -1 }])("%j is refused", async (limits) => {
    harness = await createHarness([add]);
    expect(() => harness?.worker.setTimeLimit(add, limits as never)).toThrow(
      expect.objectContaining({ code: "option-invalid" }),
    );
    expect(() => harness?.worker.setTimeLimit("demo.unknown", {})).toThrow(/demo\.unknown/);
  });
});
