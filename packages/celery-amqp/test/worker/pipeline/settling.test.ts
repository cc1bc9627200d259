import { afterEach, expect, test } from "vitest";
import { CeleryError } from "../../../src/ports/errors.ts";
import type { ResultStore } from "../../../src/results/backend.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
});

/** Results of which those of some tasks cannot be stored until `heal`. */
function awayFor(isAway: (id: string) => boolean): ResultStore & { heal(): void; readonly stored: string[] } {
  let isWell = false;
  const stored: string[] = [];
  return {
    stored,
    heal: () => void (isWell = true),
    store: async (_meta, { id }) => {
      if (!isWell && isAway(id)) throw new CeleryError("results-unreachable", "The results are away.");
      stored.push(id);
    },
    close: async () => {},
  };
}

test("a task that has ended holds no slot while its result waits, and is acked when that is stored", async () => {
  const ran: string[] = [];
  const task = defineTask("demo.run", (ctx) => void ran.push(ctx.request.id));
  const results = awayFor((id) => id.startsWith("stuck"));
  harness = await startWorker([task], { concurrency: 1, queues: [{ name: "celery", prefetch: 4 }], results });
  await harness.send({ task: "demo.run", id: "stuck-1" });
  await harness.send({ task: "demo.run", id: "stuck-2" });
  await harness.send({ task: "demo.run", id: "good" });
  await harness.settle();
  expect(ran).toEqual(["stuck-1", "stuck-2", "good"]);
  expect(results.stored).toEqual(["good"]);
  results.heal();
  await harness.clock.advance(10_000);
  expect(results.stored.toSorted()).toEqual(["good", "stuck-1", "stuck-2"]);
  expect(harness.events.filter(({ type }) => type === "taskSucceeded")).toHaveLength(3);
});

test("more tasks than the prefetch run while results are away: unsettled ones take no delivery out of it", async () => {
  const ran: string[] = [];
  const task = defineTask("demo.run", (ctx) => void ran.push(ctx.request.id));
  const results = awayFor((id) => id.startsWith("stuck"));
  harness = await startWorker([task], { concurrency: 2, results });
  for (let index = 0; index < 6; index += 1) await harness.send({ task: "demo.run", id: `stuck-${index}` });
  await harness.send({ task: "demo.run", id: "good" });
  await harness.clock.advance(2_000);
  expect(ran).toHaveLength(7);
  expect(results.stored).toEqual(["good"]);
});

test("a task that could not be settled in time goes back to its queue, and a stop drains those that can be", async () => {
  const task = defineTask("demo.run", () => 1);
  const results = awayFor((id) => id === "stuck");
  harness = await startWorker([task], { concurrency: 1, results });
  await harness.send({ task: "demo.run", id: "stuck" });
  await harness.settle();
  const stopping = harness.worker.stop({ grace: "30s" });
  results.heal();
  await harness.clock.advance(30_000);
  await stopping;
  expect(results.stored).toEqual(["stuck"]);
});
