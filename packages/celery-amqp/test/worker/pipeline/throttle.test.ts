import type { RateLimit } from "../../../src/task/options.ts";
import { afterEach, describe, expect, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import type { CreateWorkerOptions } from "../../../src/worker/options/worker.ts";
import { startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
});

const free = defineTask("demo.free", () => "free");

/** A task that notes when each of its runs began, in ms since the clock it is given last. */
function noting(rateLimit: RateLimit, now: () => number) {
  const runs: { readonly at: number; readonly n: number }[] = [];
  const task = defineTask("demo.limited", {
    rateLimit,
    run: (_ctx, n: number) => void runs.push({ at: now(), n }),
  });
  return { task, runs };
}

async function limited(rateLimit: RateLimit, options: Omit<CreateWorkerOptions, "tasks"> = {}) {
  let start = 0;
  const { task, runs } = noting(rateLimit, () => (harness?.clock.now() ?? 0) - start);
  const given = await startWorker([task, free], options);
  harness = given;
  start = given.clock.now();
  const send = async (count: number, from = 0) => {
    for (let n = from; n < from + count; n += 1) await given.send({ id: `n-${n}`, task: "demo.limited", args: [n] });
    await given.settle();
  };
  return { ...given, runs, send };
}

describe("a rate limit", () => {
  test("lets one go at once and the others in their turn, in the order they came", async () => {
    const { send, runs, clock, worker } = await limited("2/s");
    await send(5);
    expect(worker.health.throttled).toBe(4);
    await clock.advance(10_000);
    expect(runs).toEqual([0, 1, 2, 3, 4].map((n) => ({ n, at: n * 500 })));
    expect(worker.health.throttled).toBe(0);
  });

  test("has no second token after a pause", async () => {
    const { send, runs, clock } = await limited("1/s");
    await send(1);
    await clock.advance(60_000);
    await send(2, 1);
    await clock.advance(10_000);
    expect(runs.map(({ at }) => at)).toEqual([0, 60_000, 61_000]);
  });

  test("holds nobody else up, however many wait, and takes no slot", async () => {
    const { send, runs, clock, results, worker } = await limited("1/m", { concurrency: 2 });
    await send(200);
    await clock.advance(0);
    await harness?.send({ id: "other", task: "demo.free" });
    await clock.advance(300);
    expect((await results()).map(({ taskId }) => taskId)).toEqual(["n-0", "other"]);
    expect(runs).toHaveLength(1);
    expect(worker.health).toMatchObject({ active: 0, waiting: 0, throttled: 10 });
  });

  test("leaves to the broker what would wait long, and it comes back in its turn and order", async () => {
    const { send, runs, clock, worker, broker } = await limited("1/s", { concurrency: 4, scheduledLimit: 40 });
    await send(200);
    await clock.advance(500);
    expect(worker.health.throttled).toBe(20);
    expect(broker.messages("celery")).toEqual([]);
    await harness?.send({ id: "other", task: "demo.free" });
    await clock.advance(100);
    expect(await harness?.results()).toContainEqual(expect.objectContaining({ taskId: "other" }));
    await clock.advance(210_000);
    expect(runs.map(({ n }) => n).toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 200 }, (_, n) => n),
    );
    const displaced = runs.filter(({ n }, at) => Math.abs(n - at) > 3);
    expect(displaced).toEqual([]);
    const gaps = runs.slice(1).map(({ at }, index) => at - (runs[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect(runs.at(-1)?.at).toBeLessThan(205_000);
  });

  test("lets nobody who comes later pass those in the broker", async () => {
    const { send, runs, clock } = await limited("1/s", { scheduledLimit: 20 });
    await send(30);
    for (let n = 30; n < 60; n += 1) {
      await clock.advance(1_000);
      await send(1, n);
    }
    await clock.advance(60_000);
    expect(runs).toHaveLength(60);
    expect(runs.filter(({ n }, at) => Math.abs(n - at) > 3)).toEqual([]);
  });

  test("holds nothing unacked for long, however slow it is", async () => {
    const { send, runs, clock, worker } = await limited("2/h");
    await send(3);
    await clock.advance(1_000);
    expect(worker.health.throttled).toBe(0);
    await clock.advance(2 * 3_600_000);
    expect(runs.map(({ n }) => n)).toEqual([0, 1, 2]);
    const gaps = runs.slice(1).map(({ at }, index) => at - (runs[index]?.at ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1_800_000);
  });

  test("is counted after the eta", async () => {
    const { runs, clock, send } = await limited("1/s");
    const epochMs = clock.now() + 1_500;
    const eta = { epochMs, text: new Date(epochMs).toISOString() };
    await harness?.send({ id: "later", task: "demo.limited", args: [9], eta });
    await send(1);
    await clock.advance(5_000);
    expect(runs).toEqual([
      { n: 0, at: 0 },
      { n: 9, at: 1_500 },
    ]);
  });

  test("is not spent on what expires in the line", async () => {
    const { runs, clock, send, results } = await limited("1/m");
    await send(1);
    const expires = { epochMs: clock.now() + 30_000, text: new Date(clock.now() + 30_000).toISOString() };
    for (const n of [1, 2]) await harness?.send({ id: `n-${n}`, task: "demo.limited", args: [n], expires });
    await send(1, 3);
    await clock.advance(60_000);
    expect(runs.map(({ n }) => n)).toEqual([0, 3]);
    expect((await results()).filter(({ status }) => status === "REVOKED")).toHaveLength(2);
  });

  test("can be set, changed and lifted while the worker runs", async () => {
    const { runs, clock, send, worker } = await limited(null);
    worker.setRateLimit("demo.limited", "1/m");
    await send(6);
    await clock.advance(1_000);
    expect(runs).toHaveLength(1);
    worker.setRateLimit("demo.limited", "1/s");
    await clock.advance(2_000);
    expect(runs.map(({ n }) => n)).toEqual([0, 1, 2]);
    worker.setRateLimit("demo.limited", 0);
    await clock.advance(0);
    expect(runs.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("what waits goes back at the stop, in its order", async () => {
    const { send, worker, broker } = await limited("1/m");
    await send(4);
    await worker.stop();
    expect(broker.messages("celery").map(({ properties }) => properties.correlationId)).toEqual(["n-1", "n-2", "n-3"]);
  });

  test.each(["fast", "1/d", -1, Number.NaN, true])("%j is refused", async (rate) => {
    expect(() => defineTask("demo.bad", { rateLimit: rate as never, run: () => {} })).toThrow(
      expect.objectContaining({ code: "option-invalid" }),
    );
    const { worker } = await limited(null);
    expect(() => worker.setRateLimit("demo.limited", rate as never)).toThrow(
      expect.objectContaining({ code: "option-invalid" }),
    );
    expect(() => worker.setRateLimit("demo.unknown", 1)).toThrow(/demo\.unknown/);
  });
});
