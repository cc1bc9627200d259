import { afterEach, expect, test } from "vitest";
import { CeleryError } from "../../src/ports/errors.ts";
import type { TaskContext } from "../../src/task/context.ts";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(60_000);
  await stopped;
});

const other = defineTask<(n: number) => number>("demo.other");

// Vitest fails a run in which a rejection is unhandled.
test.each<[string, (ctx: TaskContext) => Promise<unknown>]>([
  ["setState", (ctx) => ctx.progress({ done: 1 })],
  ["setState", (ctx) => ctx.setState("HALFWAY", { done: 1 })],
  ["setState", (ctx) => ctx.setState("SUCCESS")],
  ["sendEvent", (ctx) => ctx.sendEvent("no event name")],
  ["addToChord", (ctx) => ctx.addToChord(other.s(1))],
  ["client.send", (ctx) => ctx.client.send(other, 1)],
  ["client.send", (ctx) => ctx.client.send(other.s(1))],
  ["client.call", (ctx) => ctx.client.call(other, 1)],
  ["client.sendByName", (ctx) => ctx.client.sendByName("demo.other")],
])("a %s that fails and is not awaited is logged, and the task goes on", async (call, begin) => {
  const away = (): Promise<never> => Promise.reject(new CeleryError("connection-lost", "The broker is away"));
  const task = defineTask("demo.task", (ctx) => {
    void begin(ctx);
    return "done";
  });
  const stored: string[] = [];
  harness = await startWorker([task], {
    results: {
      store: async (meta) => (meta.status === "OTHER" ? away() : void stored.push(meta.status)),
      close: async () => {},
    },
  });
  harness.transport.publisher.publish = away;
  await harness.send({ id: "id", task: "demo.task" });
  await harness.settle();
  expect(stored).toEqual(["SUCCESS"]);
  expect(harness.lines).toContainEqual({
    level: "warn",
    message: "a call of a running task failed",
    fields: expect.objectContaining({ call, id: "id", task: "demo.task" }) as object,
  });
});

test("a call that fails and is awaited rejects", async () => {
  const task = defineTask("demo.task", async (ctx) => {
    await ctx.client.send(other, 1).catch((error: unknown) => error);
    await ctx.progress(1);
  });
  harness = await startWorker([task], {
    results: {
      store: (meta) =>
        meta.status === "OTHER" ? Promise.reject(new CeleryError("results-refused", "no")) : Promise.resolve(),
      close: async () => {},
    },
  });
  await harness.send({ id: "id", task: "demo.task" });
  await harness.settle();
  expect(harness.events.at(-1)).toMatchObject({ type: "taskFailed" });
});
