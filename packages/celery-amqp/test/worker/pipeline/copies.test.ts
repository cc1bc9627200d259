import { afterEach, expect, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import { startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

/** A task that counts its runs and goes on until its gate is opened. */
function gated() {
  const ends: (() => void)[] = [];
  const task = defineTask("demo.long", () => new Promise<void>((resolve) => ends.push(resolve)));
  return { task, ends };
}

test.each(["classic", "quorum"] as const)(
  "a task that outlives several channels runs once, and each of its copies is settled with it (%s)",
  async (type) => {
    const { task, ends } = gated();
    harness = await startWorker([task], { concurrency: 2, queues: [{ name: "celery", type }] });
    await harness.send({ id: "id", task: "demo.long" });
    await harness.settle();
    for (let round = 0; round < 3; round += 1) {
      harness.broker.drop();
      await harness.clock.advance(60_000);
    }
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await harness.clock.advance(60_000);
    expect(ends).toHaveLength(1);
    expect(harness.broker.messages("celery")).toEqual([]);
    expect(await harness.results()).toHaveLength(1);
  },
);

test("a copy that comes when the task has ended is acked without a second run", async () => {
  let runs = 0;
  const task = defineTask("demo.brief", () => {
    runs += 1;
    harness?.broker.drop();
  });
  harness = await startWorker([task]);
  await harness.send({ id: "id", task: "demo.brief" });
  await harness.clock.advance(60_000);
  expect(runs).toBe(1);
  expect(harness.broker.messages("celery")).toEqual([]);
});

test("a copy runs where the task ended without an ack, and so does a retry, which has the same id", async () => {
  const seen: string[] = [];
  const task = defineTask("demo.twice", (context) => {
    seen.push(`${context.request.retries}`);
    harness?.broker.drop();
    if (seen.length === 1) return context.reject({ requeue: true });
    return seen.length === 2 ? context.retry({ in: 0 }) : undefined;
  });
  harness = await startWorker([task]);
  await harness.send({ id: "id", task: "demo.twice" });
  await harness.clock.advance(120_000);
  expect(seen.slice(0, 3)).toEqual(["0", "0", "1"]);
});
