import { createContent } from "@leveret/celery-protocol";
import { decodeEvents, type CeleryEvent } from "@leveret/celery-protocol/events";
import { eventExchange } from "@leveret/celery-protocol/routing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createMemoryTransport } from "../../../src/testing/memory-transport.ts";
import { defineTask } from "../../../src/task/definition.ts";
import type { TaskDefinition } from "../../../src/task/task.ts";
import type { CreateWorkerOptions } from "../../../src/worker/options/worker.ts";
import { createHarness, type Harness } from "../harness.ts";

const content = createContent();
const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);
const fail = defineTask("demo.fail", (): never => {
  throw new TypeError("boom");
});
const again = defineTask("demo.again", (ctx) => (ctx.attempt === 1 ? ctx.retry({ in: 0 }) : "done"));
const reject = defineTask("demo.reject", (ctx) => ctx.reject());
const quiet = defineTask("demo.quiet", { sendEvents: false, run: () => 1 });
const tasks = [add, fail, again, reject, quiet];

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(5_000);
  await stopped;
});

interface Monitored extends Harness {
  readonly heard: () => readonly CeleryEvent[];
}

/** A worker beside whom a monitor listens from the beginning. */
async function monitored(
  options: Omit<CreateWorkerOptions, "tasks">,
  own: readonly TaskDefinition[] = tasks,
): Promise<Monitored> {
  const box = await createHarness(own, { events: "workers", ...options });
  harness = box;
  const monitor = createMemoryTransport({ broker: box.broker });
  await monitor.connect();
  const exchange = eventExchange();
  await monitor.declare({
    exchanges: [exchange],
    queues: [{ name: "monitor", durable: true, autoDelete: false, exclusive: false }],
    bindings: [{ source: exchange.name, destination: "monitor", destinationType: "queue", routingKey: "#" }],
  });
  await box.worker.start();
  await box.settle();
  return { ...box, heard: () => box.broker.messages("monitor").flatMap((message) => decodeEvents(message, content)) };
}

const types = (events: readonly CeleryEvent[]): readonly string[] => events.map(({ type }) => type);
const ofTasks = (events: readonly CeleryEvent[]): readonly CeleryEvent[] =>
  events.filter(({ type }) => type.startsWith("task-"));

describe("a worker tells of itself", () => {
  test("that it comes, is there every 2 s, and goes", async () => {
    const { heard, clock, worker, send, settle } = await monitored({});
    await send({ task: "demo.add", args: [1, 2] });
    await settle();
    await clock.advance(4_000);
    await worker.stop();
    expect(types(heard())).toEqual(["worker-online", "worker-heartbeat", "worker-heartbeat", "worker-offline"]);
    expect(heard().map((event) => event.clock)).toEqual([1, 2, 3, 4]);
    const [online, heartbeat] = heard();
    expect(online).toEqual({
      type: "worker-online",
      hostname: "celery@box",
      utcoffset: Math.floor(new Date().getTimezoneOffset() / 60),
      pid: 4242,
      clock: 1,
      freq: 2,
      active: 0,
      processed: 0,
      loadavg: [expect.any(Number), expect.any(Number), expect.any(Number)],
      swIdent: "leveret",
      swVer: expect.stringMatching(/^\d+\.\d+\.\d+/),
      swSys: expect.any(String),
      timestamp: expect.any(Number),
    });
    expect(heartbeat).toMatchObject({ processed: 1, active: 0 });
  });

  test("again when the connection is back", async () => {
    const { heard, clock, broker } = await monitored({});
    expect(types(heard())).toEqual(["worker-online"]);
    broker.drop();
    await clock.advance(1_000);
    expect(types(heard())).toEqual(["worker-online", "worker-online"]);
  });

  test("and of nothing where it is told so", async () => {
    const { heard, send, settle, clock, worker } = await monitored({ events: false });
    await send({ task: "demo.add", args: [1, 2] });
    await settle();
    await clock.advance(4_000);
    expect([heard(), worker.droppedEvents]).toEqual([[], 0]);
  });
});

describe("a worker that tells of its tasks", () => {
  test("tells of a run in Celery's words", async () => {
    const { heard, send, settle } = await monitored({ events: true });
    await send({ id: "t-1", task: "demo.add", args: [2, 3], rootId: "r-1", parentId: "p-1" });
    await settle();
    const about = { hostname: "celery@box", pid: 4242, uuid: "t-1", timestamp: expect.any(Number) };
    expect(ofTasks(heard())).toMatchObject([
      {
        ...about,
        type: "task-received",
        name: "demo.add",
        args: "(2, 3)",
        kwargs: "{}",
        rootId: "r-1",
        parentId: "p-1",
        retries: 0,
        eta: null,
        expires: null,
      },
      { ...about, type: "task-started" },
      { ...about, type: "task-succeeded", result: "5", runtime: expect.any(Number) },
    ]);
  });

  test.each([
    ["demo.fail", { type: "task-failed", exception: "TypeError('boom')", traceback: expect.stringContaining("boom") }],
    ["demo.again", { type: "task-retried", exception: "None", traceback: expect.stringContaining("retry") }],
    ["demo.reject", { type: "task-failed", exception: "reject requeue=False: None", traceback: null }],
    ["demo.reject", { type: "task-rejected", requeue: false }],
    ["demo.absent", { type: "task-failed", exception: "NotRegistered('demo.absent')" }],
  ])("tells how %s ends", async (task, end) => {
    const { heard, send, settle } = await monitored({ events: true });
    await send({ id: "t-1", task });
    await settle();
    const number: unknown = expect.any(Number);
    const head = { hostname: "celery@box", utcoffset: number, pid: 4242, clock: number, timestamp: number };
    expect(ofTasks(heard()).find(({ type }) => type === end.type)).toEqual({ ...head, uuid: "t-1", ...end });
  });

  test.each([
    ["a retry", defineTask("demo.more", (ctx) => (ctx.attempt === 1 ? ctx.retry({ in: 0 }) : 1)), true],
    ["a snooze", defineTask("demo.more", (ctx) => (ctx.message.lang === "py" ? ctx.snooze(0) : 1)), false],
    [
      "an automatic retry",
      defineTask("demo.more", {
        retry: { delay: 0 },
        run: (ctx) => (ctx.attempt === 1 ? Promise.reject(new Error("busy")) : 1),
      }),
      false,
    ],
  ])("tells of %s before the next run can begin", async (_how, more, ignoreResult) => {
    const { transport, send, settle, results } = await monitored({ events: true }, [more]);
    const published: string[] = [];
    const publish = transport.publisher.publish.bind(transport.publisher);
    vi.spyOn(transport.publisher, "publish").mockImplementation((message, to, options) => {
      const isEvent = to.exchange === "celeryev";
      const { task } = message.headers;
      const sent = typeof task === "string" ? task : "a result";
      published.push(...(isEvent ? decodeEvents(message, content).map(({ type }) => type) : [sent]));
      return publish(message, to, options);
    });
    await send({ task: "demo.more", lang: "py", ignoreResult });
    await settle();
    const before = published.slice(0, published.indexOf("demo.more"));
    const told = ["task-received", "task-started", "task-retried"];
    expect(before.filter((what) => what.startsWith("task-"))).toEqual(told);
    expect(before.includes("a result")).toBe(!ignoreResult);
    expect((await results()).map(({ status }) => status)).toEqual(ignoreResult ? [] : ["RETRY", "SUCCESS"]);
  });

  test("tells of what was revoked and of what has expired", async () => {
    const { heard, send, settle, worker, clock } = await monitored({ events: true });
    worker.revoke("t-1");
    await send({ id: "t-1", task: "demo.add", args: [1, 2] });
    const past = clock.now() - 1_000;
    await send({ id: "t-2", task: "demo.add", expires: { epochMs: past, text: new Date(past).toISOString() } });
    await settle();
    expect(ofTasks(heard())).toMatchObject([
      { type: "task-revoked", uuid: "t-1", terminated: false, signum: null, expired: false },
      { type: "task-revoked", uuid: "t-2", terminated: false, signum: null, expired: true },
    ]);
  });

  test("passes over those that want no events", async () => {
    const { heard, send, settle } = await monitored({ events: true });
    await send({ task: "demo.quiet" });
    await settle();
    expect(ofTasks(heard())).toEqual([]);
  });

  test("does so also when it stops, and says last that it goes", async () => {
    let open = (): void => {};
    const slow = defineTask("demo.slow", { run: () => new Promise<void>((resolve) => (open = resolve)) });
    const { heard, send, settle, worker } = await monitored({ events: true }, [slow]);
    await send({ task: "demo.slow" });
    await settle();
    const stopped = worker.stop();
    await settle();
    open();
    await stopped;
    expect(types(heard()).slice(-2)).toEqual(["task-succeeded", "worker-offline"]);
  });

  test("runs them while nobody hears of it", async () => {
    const { heard, send, settle, worker, broker, results } = await monitored({ events: true });
    worker.on("taskStarted", () => broker.block());
    await send({ task: "demo.add", args: [1, 2] });
    await settle();
    broker.unblock();
    await settle();
    expect(await results()).toMatchObject([{ status: "SUCCESS" }]);
    expect(types(ofTasks(heard()))).toEqual(["task-received", "task-started", "task-succeeded"]);
    expect(worker.droppedEvents).toBe(0);
  });
});

describe("what a task tells of itself", () => {
  const tells = defineTask("demo.tells", async (ctx) => {
    await ctx.sendEvent("task-halfway", { percent: 50, uuid: "another" });
    await ctx.sendEvent("build-done");
  });
  const lies = defineTask("demo.lies", (ctx, type: string) => ctx.sendEvent(type));

  test("is heard with its id, though the worker tells of no tasks", async () => {
    const { heard, send, settle, broker } = await monitored({ events: "workers" }, [tells]);
    await send({ id: "t-1", task: "demo.tells" });
    await settle();
    const about = { type: "custom", hostname: "celery@box", pid: 4242, clock: expect.any(Number) };
    expect(heard().filter(({ type }) => type === "custom")).toMatchObject([
      { ...about, customType: "task-halfway", extra: { uuid: "t-1", percent: 50 } },
      { ...about, customType: "build-done", extra: { uuid: "t-1" } },
    ]);
    expect(Buffer.from(broker.messages("monitor")[1]?.body ?? []).toString()).toMatch(/^\{.*"type": "task-halfway"\}$/);
  });

  test("is heard by nobody where the worker tells of nothing", async () => {
    const { heard, send, settle, results } = await monitored({ events: false }, [tells]);
    await send({ task: "demo.tells" });
    await settle();
    expect(heard()).toEqual([]);
    expect(await results()).toMatchObject([{ status: "SUCCESS" }]);
  });

  test("is lost where it cannot be written, and the task goes on", async () => {
    const odd = defineTask("demo.odd", (ctx) => ctx.sendEvent("task-odd", { map: new Map() }));
    const { send, settle, results, worker } = await monitored({}, [odd]);
    await send({ task: "demo.odd" });
    await settle();
    expect(await results()).toMatchObject([{ status: "SUCCESS" }]);
    expect(worker.droppedEvents).toBe(1);
  });

  test.each(["task-succeeded", "worker-online", "halfway", "-halfway", "task-", "task-half way", ""])(
    "may not be called %j",
    async (type) => {
      const { send, settle, results } = await monitored({}, [lies]);
      await send({ task: "demo.lies", args: [type] });
      await settle();
      expect(await results()).toMatchObject([
        { status: "FAILURE", exception: { args: [expect.stringContaining("Choose another name")] } },
      ]);
    },
  );
});
