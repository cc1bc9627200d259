import { afterEach, describe, expect, test } from "vitest";
import { chain, chord, group } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import type { TaskDefinition } from "../../src/task/task.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import type { CreateWorkerOptions } from "../../src/worker/options/worker.ts";
import { startWorker, type Harness, type Line } from "./harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(5_000);
  await stopped;
});

const child = defineTask("demo.child", (_context, x: number) => x);
const sum = defineTask("demo.sum", (_context, items: readonly number[]) => items.length);
const elsewhere = defineTask<(x: number) => number>("demo.elsewhere");
const parent = defineTask("demo.parent", ({ client }) => client.call(child, 1));

async function start(
  tasks: readonly TaskDefinition[],
  options: Omit<CreateWorkerOptions, "tasks"> = {},
): Promise<Harness> {
  harness = await startWorker([child, sum, ...tasks], { results: createMemoryResults().connect(), ...options });
  return harness;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void harness?.clock.setTimer(ms, resolve));

const warnings = (lines: readonly Line[]): readonly unknown[] =>
  lines.flatMap(({ level, message, fields }) =>
    level === "warn" && message.startsWith("a task waits for a task") ? [fields] : [],
  );

describe("a task that awaits another while no slot is free", () => {
  test("is reported once, with both", async () => {
    const { send, clock, lines } = await start([parent], { concurrency: 1 });
    await send({ id: "p-1", task: "demo.parent" });
    await clock.advance(500);
    expect(warnings(lines)).toEqual([]);
    await clock.advance(60_000);
    const awaitedId: unknown = expect.any(String);
    expect(warnings(lines)).toEqual([{ task: "demo.parent", id: "p-1", awaited: "demo.child", awaitedId, slots: 1 }]);
  });

  test.each([
    ["a group", () => group(child.s(1), child.s(2)), ["demo.child"]],
    ["a chord", () => chord([child.s(1)], sum.s()), ["demo.sum"]],
    ["a chain", () => chain(child.s(1), child.s().with({ id: "last" })), ["demo.child"]],
  ])("is reported where it awaits %s", async (_what, made, names) => {
    const waits = defineTask("demo.waits", ({ client }) => client.call(made() as never));
    const { send, clock, lines } = await start([waits], { concurrency: 1 });
    await send({ task: "demo.waits" });
    await clock.advance(2_000);
    expect(warnings(lines)).toMatchObject(names.map((awaited) => ({ task: "demo.waits", awaited })));
  });

  test("is reported when the last slot waits as well", async () => {
    const { send, clock, lines } = await start([parent, slow], { concurrency: 2 });
    await send({ task: "demo.slow" });
    await send({ task: "demo.parent" });
    await clock.advance(10_000);
    expect(warnings(lines)).toEqual([]);
    await clock.advance(60_000);
    const both = ["demo.parent", "demo.slow"].map((task) => ({ task, awaited: "demo.child", slots: 2 }));
    expect(warnings(lines)).toMatchObject(both);
  });
});

/** Runs for 20 s, then waits for another. */
const slow = defineTask("demo.slow", async ({ client }) => {
  await sleep(20_000);
  await client.call(child, 1);
});

describe("nothing is reported", () => {
  test("where a slot is free", async () => {
    const { send, clock, lines, results } = await start([parent], { concurrency: 2 });
    await send({ task: "demo.parent" });
    await clock.advance(5_000);
    expect(warnings(lines)).toEqual([]);
    expect(await results()).toEqual([]);
  });

  test("where a slot is free for a task that is due later", async () => {
    const patient = defineTask("demo.patient", ({ client }) => client.call(child.s(1).with({ countdown: "10s" })));
    const { send, clock, lines } = await start([patient], { concurrency: 2 });
    await send({ task: "demo.patient" });
    await clock.advance(5_000);
    expect(warnings(lines)).toEqual([]);
  });

  test.each([
    ["runs elsewhere", () => elsewhere.s(1)],
    ["waits in a queue of others", () => child.s(1).with({ queue: "others" })],
  ])("where the awaited task %s", async (_how, call) => {
    const waits = defineTask("demo.waits", ({ client }) => client.call(call()));
    const { send, clock, lines } = await start([waits], { concurrency: 1 });
    await send({ task: "demo.waits" });
    await clock.advance(60_000);
    expect(warnings(lines)).toEqual([]);
  });

  test("where the handler does not wait", async () => {
    const sends = defineTask("demo.sends", async ({ client }) => {
      await client.send(child, 1);
      await sleep(10_000);
    });
    const { send, clock, lines } = await start([sends], { concurrency: 1 });
    await send({ task: "demo.sends" });
    await clock.advance(60_000);
    expect(warnings(lines)).toEqual([]);
  });
});
