import { afterEach, describe, expect, test } from "vitest";
import { CeleryError, type CeleryErrorCode } from "../../src/ports/errors.ts";
import type { ResultStore } from "../../src/results/backend.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createHarness, startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(60_000);
  await stopped;
});

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);

interface FaultyStore extends ResultStore {
  readonly stored: string[];
}

/** A result store that fails as it is told, once for each error, then works. */
function faultyStore(errors: Error[]): FaultyStore {
  const stored: string[] = [];
  return {
    stored,
    store: async (meta) => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      stored.push(meta.status);
    },
    close: async () => {},
  };
}

describe("a result that cannot be stored", () => {
  test.each(["connection-lost", "publish-timeout", "publish-nacked"] satisfies CeleryErrorCode[])(
    "for now (%s) is tried again before the ack",
    async (code) => {
      const results = faultyStore([new CeleryError(code, "away"), new CeleryError(code, "away")]);
      harness = await startWorker([add], { results });
      await harness.send({ task: "demo.add", args: [1, 2] });
      await harness.clock.advance(700);
      expect(results.stored).toEqual([]);
      expect(harness.events.at(-1)?.type).toBe("taskStarted");
      await harness.clock.advance(100);
      expect(results.stored).toEqual(["SUCCESS"]);
      expect(harness.events.at(-1)?.type).toBe("taskSucceeded");
    },
  );

  test("for too long sends the task back to its queue", async () => {
    const results = faultyStore(Array.from({ length: 20 }, () => new CeleryError("connection-lost", "away")));
    harness = await startWorker([add], { results });
    await harness.send({ id: "id", task: "demo.add", args: [1, 2] });
    await harness.clock.advance(50_000);
    expect(harness.lines.some((line) => line.message.includes("goes back"))).toBe(false);
    await harness.clock.advance(60_000);
    expect(harness.events.filter((event) => event.type === "taskStarted")).toHaveLength(2);
    expect(results.stored).toEqual(["SUCCESS"]);
  });

  test("ever, fails the task instead", async () => {
    const results = faultyStore([new CeleryError("message-too-large", "5 GB")]);
    harness = await startWorker([add], { results });
    await harness.send({ id: "id", task: "demo.add", args: [1, 2] });
    await harness.settle();
    expect(results.stored).toEqual(["FAILURE"]);
    expect(harness.events.at(-1)).toMatchObject({
      type: "taskFailed",
      failure: { exception: { type: "EncodeError" } },
    });
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("of a failure is logged, and the task settled all the same", async () => {
    const fail = defineTask("demo.fail", () => {
      throw new Error("no");
    });
    harness = await startWorker([fail], { results: faultyStore([new Error("full"), new Error("full")]) });
    await harness.send({ id: "id", task: "demo.fail" });
    await harness.settle();
    expect(harness.lines).toContainEqual(
      expect.objectContaining({ level: "error", fields: expect.objectContaining({ id: "id", error: "full" }) }),
    );
    expect(harness.broker.messages("celery")).toEqual([]);
  });
});

describe("what follows a task", () => {
  test("and cannot be sent fails it, so that nobody waits for a chain that stopped", async () => {
    const chain = [
      {
        task: "demo.next",
        args: [],
        kwargs: {},
        options: { task_id: "next", exchange: "nowhere", routing_key: "x" },
        subtaskType: null,
        immutable: false,
        extra: {},
      },
    ];
    harness = await startWorker([add]);
    await harness.send({ id: "id", task: "demo.add", args: [1, 2], chain });
    await harness.settle();
    expect(await harness.results()).toMatchObject([
      { taskId: "id", status: "FAILURE" },
      { taskId: "next", status: "FAILURE" },
    ]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("gets the result, and is named among its children", async () => {
    const next = defineTask("demo.next", (_context, n: number) => n + 1);
    harness = await startWorker([add, next]);
    const callbacks = [
      { task: "demo.next", args: [], kwargs: {}, options: {}, subtaskType: null, immutable: false, extra: {} },
    ];
    await harness.send({ id: "id", task: "demo.add", args: [1, 2], callbacks });
    await harness.settle();
    const results = await harness.results();
    const [first, second] = results.toSorted((a, b) => a.taskId.localeCompare(b.taskId));
    expect(first).toMatchObject({ taskId: "id", result: 3, children: [[[second?.taskId, null], null]] });
    expect(second).toMatchObject({ result: 4 });
  });
});

describe("a dead queue", () => {
  const queue = { name: "celery.dead", durable: true, autoDelete: false, exclusive: false };
  const unknown = { task: "no.such", id: "id" };

  test("that others made otherwise is used as it is", async () => {
    harness = await startWorker([add]);
    harness.broker.declareQueue({ ...queue, arguments: { "x-max-length": 5 } }, harness as never);
    await harness.send(unknown);
    await harness.settle();
    expect(harness.broker.messages("celery.dead")).toHaveLength(1);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("is made again after it was deleted", async () => {
    harness = await startWorker([add]);
    await harness.send(unknown);
    await harness.settle();
    harness.broker.deleteQueue("celery.dead");
    await harness.send(unknown);
    await harness.settle();
    expect(harness.broker.messages("celery.dead")).toHaveLength(1);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("that cannot be had loses no message: it goes back after a pause, and is kept when it can be", async () => {
    harness = await startWorker([add]);
    const declare = harness.transport.declare.bind(harness.transport);
    harness.transport.declare = (topology, mode) =>
      topology.queues.some(({ name }) => name === "celery.dead")
        ? Promise.reject(new CeleryError("access-refused", "403"))
        : declare(topology, mode);
    await harness.send(unknown);
    await harness.clock.advance(30_000);
    const errors = harness.lines.filter(({ level }) => level === "error");
    expect(errors[0]).toEqual({
      level: "error",
      message: "cannot refuse a message, it goes back to the queue",
      fields: { queue: "celery", error: expect.stringContaining('could not be kept in queue "celery.dead": 403') },
    });
    expect(errors).toHaveLength(1);
    await harness.clock.advance(40_000);
    const last = harness.lines.findLast(({ level }) => level === "error");
    expect(last).toMatchObject({ message: errors[0]?.message, fields: { leftOut: expect.any(Number) as number } });
    harness.transport.declare = declare;
    await harness.clock.advance(10_000);
    expect(harness.broker.messages("celery.dead")).toMatchObject([{ headers: { id: "id" } }]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });
});

describe("a connection that is lost", () => {
  test("while a task runs: it ends, its ack is too late, and the redelivered message is acked without a second run", async () => {
    const gates: (() => void)[] = [];
    const seen: boolean[] = [];
    const slow = defineTask("demo.slow", async (context) => {
      seen.push(context.redelivered);
      await new Promise<void>((resolve) => gates.push(resolve));
    });
    harness = await startWorker([slow], { concurrency: 2 });
    await harness.send({ id: "id", task: "demo.slow" });
    await harness.settle();
    harness.broker.drop();
    await harness.settle();
    for (const open of gates) open();
    await harness.settle();
    expect(seen).toEqual([false]);
    expect(harness.lines.some((line) => line.message.startsWith("the connection a message came by is gone"))).toBe(
      true,
    );
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("drops what had not begun: it comes again and runs once", async () => {
    const gates: (() => void)[] = [];
    const ran: number[] = [];
    const slow = defineTask("demo.slow", async (_context, n: number) => {
      ran.push(n);
      if (n === 0) await new Promise<void>((resolve) => gates.push(resolve));
    });
    harness = await startWorker([slow], { concurrency: 1, queues: ["celery", "other"] });
    await harness.send({ task: "demo.slow", args: [0] });
    await harness.settle();
    await harness.send({ task: "demo.slow", args: [1] }, "other"); // waits for the only slot
    await harness.settle();
    harness.broker.drop();
    await harness.settle();
    for (const open of gates.splice(0)) open();
    await harness.settle();
    for (const open of gates.splice(0)) open();
    await harness.settle();
    expect(ran.filter((n) => n === 1)).toEqual([1]);
    expect([...harness.broker.messages("celery"), ...harness.broker.messages("other")]).toEqual([]);
  });
});

describe("a worker that cannot start", () => {
  test("says that no broker answers, and is stopped", async () => {
    harness = await createHarness([add]);
    harness.broker.stop();
    await expect(harness.worker.start()).rejects.toMatchObject({ code: "broker-unreachable" });
    expect(harness.worker.state).toBe("stopped");
  });

  test("names the queue that exists otherwise than it was asked for", async () => {
    harness = await createHarness([add], { queues: [{ name: "taken", maxPriority: 5 }] });
    harness.broker.declareQueue(
      { name: "taken", durable: true, autoDelete: false, exclusive: false, arguments: { "x-max-priority": 9 } },
      harness as never,
    );
    await expect(harness.worker.start()).rejects.toMatchObject({ code: "queue-mismatch" });
  });

  test("takes a queue of which it asked nothing as it is", async () => {
    harness = await createHarness([add], { queues: ["taken"] });
    harness.broker.declareQueue(
      { name: "taken", durable: true, autoDelete: false, exclusive: false, arguments: { "x-max-priority": 9 } },
      harness as never,
    );
    await harness.worker.start();
    await harness.send({ id: "id", task: "demo.add", args: [1, 2] }, "taken");
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ result: 3 }]);
  });
});
