import { afterEach, describe, expect, test } from "vitest";
import { createContent, encodeTask, newTask } from "@leveret/celery-protocol";
import { taskQueue } from "@leveret/celery-protocol/routing";
import { defineTask } from "../../src/task/definition.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";
import { assembleWorker } from "../../src/worker/assemble.ts";
import { resolveWorker, type CreateWorkerOptions } from "../../src/worker/options/worker.ts";
import { systemIds } from "../../src/system/clock.ts";
import { createHarness, startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

const content = createContent();

/** A task that gives itself back each time, as one does that kills its worker. */
async function poisoned(options: Omit<CreateWorkerOptions, "tasks">): Promise<{ box: Harness; runs: () => number }> {
  let runs = 0;
  const poison = defineTask("demo.poison", (context) => {
    runs += 1;
    context.reject({ requeue: true });
  });
  harness = await startWorker([poison], options);
  return { box: harness, runs: () => runs };
}

describe("a message that is delivered time and again", () => {
  test.each([
    ["classic", undefined],
    ["quorum", "quorum"],
  ] as const)("goes from a %s queue to the dead queue when the limit is reached", async (_name, type) => {
    const queues = [{ name: "celery", ...(type && { type }) }];
    const { box, runs } = await poisoned({ queues, deliveryLimit: 5 });
    const message = encodeTask(newTask({ id: "id", task: "demo.poison", replyTo: "replies", priority: 3 }), content);
    await box.publish(message);
    await box.clock.advance(60_000);
    expect(runs()).toBe(5);
    const [letter] = box.broker.messages("celery.dead");
    expect(letter).toMatchObject({
      body: message.body,
      properties: { priority: 3 },
      headers: { id: "id", "x-leveret-reason": "redelivered-too-often", "x-leveret-attempts": 5 },
    });
    expect(await box.results()).toMatchObject([{ taskId: "id", status: "FAILURE" }]);
    expect(box.events.at(-1)).toMatchObject({ type: "deadLettered", reason: "redelivered-too-often", id: "id" });
    expect(box.broker.messages("celery")).toEqual([]);
  });

  test("is rejected without a dead queue, where there is to be none", async () => {
    const { box, runs } = await poisoned({ deliveryLimit: 2, deadLetter: false });
    await box.send({ id: "id", task: "demo.poison" });
    await box.clock.advance(60_000);
    expect([runs(), box.broker.messages("celery"), box.broker.queues()]).toEqual([2, [], ["replies", "celery"]]);
  });

  test("is not even read when it was delivered too often: reading it may be what kills", async () => {
    harness = await createHarness([], { deliveryLimit: 1 });
    const other = createMemoryTransport({ broker: harness.broker });
    await other.connect();
    await other.subscribe({ queue: "celery", prefetch: 1, topology: taskQueue("celery") }, () => {});
    await harness.publish({ headers: {}, properties: {}, body: Buffer.from("{broken") });
    await harness.settle();
    await other.close();
    await harness.worker.start();
    await harness.settle();
    expect(harness.broker.messages("celery.dead")).toMatchObject([
      { headers: { "x-leveret-reason": "redelivered-too-often" } },
    ]);
  });

  test("is counted before it runs", async () => {
    const seen: unknown[] = [];
    const odd = defineTask("demo.odd", (context) => {
      seen.push([context.redelivered, context.message.extraHeaders["x-leveret-redeliveries"]]);
      if (seen.length < 4) context.reject({ requeue: true });
    });
    harness = await startWorker([odd]);
    await harness.send({ task: "demo.odd" });
    await harness.clock.advance(60_000);
    expect(seen).toEqual([
      [false, undefined],
      [true, 1],
      [true, 2],
      [true, 3],
    ]);
  });

  test("is not counted where there is no limit, and keeps its place in the queue", async () => {
    const seen: unknown[] = [];
    const odd = defineTask("demo.odd", (context) => {
      seen.push(context.redelivered);
      if (seen.length < 30) context.reject({ requeue: true });
    });
    harness = await startWorker([odd], { deliveryLimit: false });
    await harness.send({ task: "demo.odd" });
    await harness.clock.advance(150_000);
    expect(seen).toEqual([false, ...Array.from({ length: 29 }, () => true)]);
  });

  test("begins a new count when it is retried", async () => {
    const counts: unknown[] = [];
    const flaky = defineTask("demo.flaky", (context) => {
      counts.push(context.message.extraHeaders["x-leveret-redeliveries"]);
      if (counts.length < 3) context.reject({ requeue: true });
      if (context.attempt === 1) context.retry({ in: 0 });
    });
    harness = await startWorker([flaky]);
    await harness.send({ task: "demo.flaky" });
    await harness.clock.advance(60_000);
    expect(counts).toEqual([undefined, 1, 2, undefined]);
  });

  test("takes its count with it while it waits for its eta", async () => {
    const counts: unknown[] = [];
    const late = defineTask(
      "demo.late",
      (context) => void counts.push(context.message.extraHeaders["x-leveret-redeliveries"]),
    );
    harness = await startWorker([late], { queues: [{ name: "celery", type: "quorum" }] });
    const { clock } = harness;
    const epochMs = clock.now() + 60_000;
    const eta = { epochMs, text: new Date(epochMs).toISOString() };
    const encoded = encodeTask(newTask({ id: "id", task: "demo.late", eta }), content);
    await harness.publish({ ...encoded, headers: { ...encoded.headers, "x-leveret-redeliveries": 4 } });
    await clock.advance(60_000);
    expect(counts).toEqual([4]);
  });
});

describe("a task that is unknown here", () => {
  const fresh = defineTask("demo.new", () => "done");

  test("is run by a newer worker of the queue, where it is given time", async () => {
    harness = await startWorker([], { unknownTaskGrace: "1m" });
    await harness.send({ id: "id", task: "demo.new" });
    await harness.clock.advance(12_000);
    expect(await harness.results()).toEqual([]);
    const message = harness.broker.messages("celery_delayed_2")[0];
    expect(message?.headers["id"]).toBe("id");
    const newer = assembleWorker({
      options: resolveWorker({ tasks: [fresh] }),
      transport: createMemoryTransport({ broker: harness.broker }),
      clock: harness.clock,
      ids: systemIds,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      nodeName: "celery@newer",
      pid: 1,
    });
    await newer.start();
    await harness.clock.advance(30_000);
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "SUCCESS" }]);
    await newer.stop({ grace: 0 });
  });

  test("goes to the dead queue when its time is over", async () => {
    harness = await startWorker([], { unknownTaskGrace: "1m" });
    await harness.send({ id: "id", task: "demo.new" });
    await harness.clock.advance(59_000);
    expect(harness.broker.queues()).not.toContain("celery.dead");
    await harness.clock.advance(1_000);
    expect(harness.broker.messages("celery.dead")).toMatchObject([{ headers: { "x-leveret-reason": "unregistered" } }]);
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "FAILURE" }]);
  });
});
