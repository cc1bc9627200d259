import { afterEach, expect, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import { type Harness, startWorker } from "../harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
});

test("a message that goes back without end waits longer each time, also where no queue and no limit counts", async () => {
  const ran: number[] = [];
  const endless = defineTask("demo.endless", (ctx) => {
    ran.push(harness?.clock.now() ?? 0);
    return ctx.reject({ requeue: true });
  });
  harness = await startWorker([endless], { deliveryLimit: false, concurrency: 2 });
  const { send, clock } = harness;
  await send({ id: "one", task: "demo.endless" });
  await clock.advance(60_000);
  const pauses = ran.slice(1).map((at, n) => at - (ran[n] ?? 0));
  expect(pauses.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  await send({ id: "two", task: "demo.endless" });
  const before = ran.length;
  await clock.advance(350);
  expect(ran.length).toBeGreaterThanOrEqual(before + 2);
});
