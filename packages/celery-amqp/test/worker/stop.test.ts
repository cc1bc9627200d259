import { afterEach, describe, expect, test } from "vitest";
import { defineTask } from "../../src/task/definition.ts";
import {
  ConnectionLost,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerStopping,
} from "../../src/task/stop-reasons.ts";
import { createHarness, startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(5000);
  await stopped;
});

interface Gate {
  open(): void;
  readonly reasons: unknown[];
}

/** A task that goes on until its gate is opened or, if it listens, its signal is aborted. */
function gated(listens: boolean, options: { readonly acks?: "early" | "late" } = {}) {
  let open: (() => void) | undefined;
  const gate: Gate = { open: () => open?.(), reasons: [] };
  const task = defineTask("demo.gated", {
    ...options,
    run: (context) =>
      new Promise<string>((resolve, reject) => {
        open = () => resolve("done");
        context.signal.addEventListener("abort", () => {
          gate.reasons.push(context.signal.reason);
          if (listens) reject(context.signal.reason as Error);
        });
      }),
  });
  return { task, gate };
}

describe("a worker that stops", () => {
  test("waits for what runs, hands back what does not, then closes", async () => {
    const { task, gate } = gated(true);
    harness = await startWorker([task], { concurrency: 1 });
    await harness.send({ id: "runs", task: "demo.gated" });
    await harness.send({ id: "waits", task: "demo.gated" });
    await harness.settle();
    const stopped = harness.worker.stop();
    await harness.settle();
    expect(harness.worker.state).toBe("draining");
    await harness.send({ id: "late", task: "demo.gated" });
    gate.open();
    await stopped;
    expect(harness.worker.state).toBe("stopped");
    expect(harness.transport.state).toBe("closed");
    expect(await harness.results()).toMatchObject([{ taskId: "runs", status: "SUCCESS" }]);
    expect(harness.broker.messages("celery")).toHaveLength(2);
    expect(gate.reasons).toEqual([]);
  });

  test("aborts what runs when the grace is over, and hands it back", async () => {
    const { task, gate } = gated(true);
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.gated" });
    await harness.settle();
    const stopped = harness.worker.stop({ grace: "10s" });
    await harness.clock.advance(9_999);
    expect(gate.reasons).toEqual([]);
    await harness.clock.advance(1);
    await stopped;
    expect(gate.reasons).toEqual([expect.any(WorkerStopping)]);
    expect(await harness.results()).toEqual([]);
    expect(harness.broker.messages("celery")).toHaveLength(1);
    expect(harness.worker.runaways).toBe(0);
    expect(harness.events.at(-2)).toMatchObject({ type: "taskCancelled", requeue: true, task: { id: "id" } });
  });

  test("gives up a handler that does not listen, and counts it", async () => {
    const { task, gate } = gated(false);
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.gated" });
    await harness.settle();
    const stopped = harness.worker.stop({ grace: "10s" });
    await harness.clock.advance(11_000);
    await stopped;
    expect(harness.broker.messages("celery")).toHaveLength(1);
    expect(harness.worker.runaways).toBe(1);
    gate.open();
    await harness.settle();
    expect(harness.worker.runaways).toBe(0);
    expect(harness.lines.at(-1)?.message).toBe("an abandoned task has ended");
  });

  test("tells the caller of a task that was acked early and interrupted", async () => {
    const { task } = gated(true, { acks: "early" });
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.gated" });
    await harness.settle();
    await Promise.all([harness.worker.stop({ grace: 0 }), harness.clock.advance(2000)]);
    expect(await harness.results()).toMatchObject([{ status: "FAILURE", exception: { type: "WorkerLostError" } }]);
    expect(harness.events.map(({ type }) => type)).toEqual([
      "stateChanged",
      "stateChanged",
      "taskReceived",
      "taskStarted",
      "stateChanged",
      "taskCancelled",
      "taskFailed",
      "stateChanged",
    ]);
  });

  test("lets a second call shorten the grace", async () => {
    const { task } = gated(true);
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.gated" });
    await harness.settle();
    const first = harness.worker.stop({ grace: "1h" });
    const second = harness.worker.stop({ grace: 0 });
    await harness.clock.advance(1);
    await Promise.all([first, second]);
    expect(harness.broker.messages("celery")).toHaveLength(1);
  });

  test("with a grace of 0 aborts at once, and hands everything back in its order", async () => {
    const { task, gate } = gated(true);
    const slow = defineTask("demo.slow", { rateLimit: "1/h", run: () => {} });
    harness = await startWorker([task, slow], { concurrency: 1 });
    const eta = { epochMs: harness.clock.now() + 1_500, text: new Date(harness.clock.now() + 1_500).toISOString() };
    await harness.send({ id: "runs", task: "demo.gated" });
    await harness.send({ id: "later", task: "demo.gated", eta });
    await harness.settle();
    await harness.send({ id: "turn", task: "demo.slow" });
    await harness.send({ id: "throttled", task: "demo.slow" });
    await harness.settle();
    await Promise.all([harness.worker.stop({ grace: 0 }), harness.clock.advance(0)]);
    expect(gate.reasons).toEqual([expect.any(WorkerStopping)]);
    expect(harness.broker.messages("celery").map(({ properties }) => properties.correlationId)).toEqual([
      "runs",
      "later",
      "turn",
      "throttled",
    ]);
  });

  test("ends in bounded time where the broker is away, and nothing is lost", async () => {
    const { task, gate } = gated(false);
    harness = await startWorker([task], { concurrency: 1 });
    await harness.send({ id: "runs", task: "demo.gated" });
    await harness.send({ id: "waits", task: "demo.gated" });
    await harness.settle();
    harness.broker.stop();
    const stopped = harness.worker.stop({ grace: "10s" });
    await harness.clock.advance(16_000);
    await stopped;
    expect(harness.worker.state).toBe("stopped");
    harness.broker.start();
    expect(harness.broker.messages("celery")).toHaveLength(2);
    gate.open();
  });

  test("before it was started, has nothing to do", async () => {
    harness = await createHarness([gated(true).task]);
    await harness.worker.stop();
    expect(harness.worker.state).toBe("stopped");
    await expect(harness.worker.start()).rejects.toMatchObject({ code: "worker-state" });
  });

  test("stops by `await using`", async () => {
    harness = await startWorker([gated(true).task]);
    await harness.worker[Symbol.asyncDispose]();
    expect(harness.worker.state).toBe("stopped");
  });
});

describe("time limits", () => {
  test("the soft one aborts the signal; a handler that lets it through fails with it", async () => {
    const { task, gate } = gated(true);
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.gated", timeLimit: { hardSeconds: null, softSeconds: 2 } });
    await harness.clock.advance(2000);
    expect(gate.reasons).toEqual([expect.any(SoftTimeLimitExceeded)]);
    expect(await harness.results()).toMatchObject([
      { status: "FAILURE", exception: { type: "SoftTimeLimitExceeded", module: "billiard.exceptions", args: [] } },
    ]);
  });

  test("the soft one is no end for a handler that goes on", async () => {
    const { task, gate } = gated(false);
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.gated", timeLimit: { hardSeconds: null, softSeconds: 2 } });
    await harness.clock.advance(2000);
    gate.open();
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ status: "SUCCESS", result: "done" }]);
  });

  test("the hard one is reported and frees the slot; what comes later is not heard", async () => {
    const { task, gate } = gated(false);
    harness = await startWorker([task], { concurrency: 1 });
    await harness.send({ id: "id", task: "demo.gated", timeLimit: { hardSeconds: 3, softSeconds: null } });
    await harness.clock.advance(3000);
    expect(await harness.results()).toMatchObject([
      { status: "FAILURE", exception: { type: "TimeLimitExceeded", module: "billiard.exceptions", args: [3] } },
    ]);
    expect(harness.worker.runaways).toBe(1);
    expect(gate.reasons).toEqual([expect.any(TimeLimitExceeded)]);
    gate.open();
    await harness.settle();
    expect(await harness.results()).toHaveLength(1);
    await harness.send({ id: "next", task: "demo.gated" });
    await harness.settle();
    expect(harness.events.at(-1)).toMatchObject({ type: "taskStarted", task: { id: "next" } });
  });

  test("of the message win over those of the task", async () => {
    const slow = defineTask("demo.slow", { timeLimit: "1s", run: () => new Promise(() => {}) });
    harness = await startWorker([slow]);
    await harness.send({ id: "id", task: "demo.slow", timeLimit: { hardSeconds: 5, softSeconds: null } });
    await harness.clock.advance(4999);
    expect(await harness.results()).toEqual([]);
    await harness.clock.advance(1);
    expect(await harness.results()).toHaveLength(1);
  });
});

describe("a task whose connection is lost", () => {
  test("runs to its end; its ack comes too late, which is logged, and its copy waits for it and is acked", async () => {
    const ends: (() => void)[] = [];
    const task = defineTask("demo.twice", () => new Promise<void>((resolve) => ends.push(resolve)));
    harness = await startWorker([task], { concurrency: 2 });
    await harness.send({ id: "id", task: "demo.twice" });
    await harness.settle();
    harness.broker.drop();
    await harness.clock.advance(60_000);
    expect(ends).toHaveLength(1);
    const tooLate = expect.objectContaining({ level: "warn", message: expect.stringContaining("is gone") });
    ends[0]?.();
    await harness.settle();
    expect(harness.lines).toContainEqual(tooLate);
    expect(harness.worker.health.active).toBe(0);
    expect((await harness.results()).map(({ status }) => status)).toEqual(["SUCCESS"]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("is aborted where the worker is told so, and only its copy ends", async () => {
    const { task, gate } = gated(true);
    harness = await startWorker([task], { concurrency: 2, cancelOnConnectionLoss: true });
    await harness.send({ id: "id", task: "demo.gated" });
    await harness.settle();
    harness.broker.drop();
    await harness.clock.advance(60_000);
    expect(gate.reasons).toEqual([expect.any(ConnectionLost)]);
    expect(harness.worker.health.active).toBe(1);
    gate.open();
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "SUCCESS" }]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("goes on all the same where it was acked early", async () => {
    const { task, gate } = gated(true, { acks: "early" });
    harness = await startWorker([task], { cancelOnConnectionLoss: true });
    await harness.send({ id: "id", task: "demo.gated" });
    await harness.settle();
    harness.broker.drop();
    await harness.clock.advance(60_000);
    expect(gate.reasons).toEqual([]);
    gate.open();
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "SUCCESS" }]);
  });
});
