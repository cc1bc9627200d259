import { type RabbitServer, startRabbit } from "@leveret/rabbit-local";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { chain, createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";

// A memory alarm is the whole broker's, so it is one of their own.
let rabbit: RabbitServer;
beforeAll(async () => {
  rabbit = await startRabbit();
});
afterAll(() => rabbit.stop());

test("tasks that end under a memory alarm wait for it, though the worker may hold two publishes only", async () => {
  const [first, others] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const begun = new Set<number>();
  const large = defineTask("alarm.large", async (_ctx, n: number) => {
    begun.add(n);
    await (n === 0 ? first : others).promise;
    return { n, text: "x".repeat(100_000) };
  });
  const next = defineTask("alarm.next", (_ctx, { n }: { n: number; text: string }) => n);
  const worker = createWorker({
    broker: rabbit.url,
    tasks: [large, next],
    concurrency: 20,
    amqp: { maxWaiting: { messages: 2 } },
    logLevel: "silent",
  });
  onTestFinished(() => worker.stop());
  const runs: string[] = [];
  const failed: unknown[] = [];
  worker.on("taskStarted", ({ task }) => runs.push(task.id));
  worker.on("taskFailed", (event) => failed.push(event));
  await worker.start();
  const client = createClient({ broker: rabbit.url });
  onTestFinished(() => client.close());
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const results = await Promise.all(numbers.map((n) => client.send(chain(large.s(n), next.s()))));
  await eventually("all of them run", () => begun.size === 20);

  await rabbit.ctl("set_vm_memory_high_watermark", "absolute", "1MB");
  onTestFinished(async () => void (await rabbit.ctl("set_vm_memory_high_watermark", "0.4")));
  first.resolve(); // the broker tells of its alarm at the first publish
  await eventually("the worker knows of the alarm", () => worker.health.transport === "blocked");
  others.resolve();
  await eventually("there is no room for what follows from them", () =>
    worker.health.notReadyBecause.some((reason) => reason.startsWith("publishing: ")),
  );
  expect(worker.health.isReady).toBe(false);
  expect(worker.health.isAlive).toBe(true);

  await rabbit.ctl("set_vm_memory_high_watermark", "0.4");
  expect(await Promise.all(results.map((result) => result.get({ timeout: 150 })))).toEqual(numbers);
  await eventually("it is ready", () => worker.health.isReady);
  expect(failed).toEqual([]);
  expect(runs).toHaveLength(40);
});
