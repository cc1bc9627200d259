import { describe, expect, test } from "vitest";
import { brokersAtHand } from "../../../../../scripts/vitest/vhost.ts";
import { defineTask } from "../../../src/index.ts";
import { createQueueLab } from "../../support/queue-lab.ts";
import { eventually } from "@leveret/test-support/eventually";

// A worker's concurrency changes while it runs (amqp-transport H8).

const kinds = [{}, { type: "quorum" }] as const;

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  const lab = createQueueLab(broker);

  describe.each(kinds)("the concurrency of a worker on a queue of kind %j", (kind) => {
    test("grows and shrinks, and with it what is held", async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind }];
      const gates: (() => void)[] = [];
      const wait = defineTask("it.wait", () => new Promise<void>((resolve) => gates.push(resolve)));
      const worker = lab.worker({ tasks: [wait], queues, concurrency: 2 });
      await worker.start();
      await lab.client(queues, { defaultQueue: name }).sendMany(Array.from({ length: 60 }, () => wait.s()));
      await eventually("two run", () => gates.length === 2);
      expect((await lab.inspect(name)).messageCount).toBe(58);

      await worker.setConcurrency(12);
      await eventually("twelve run", () => gates.length === 12);
      await eventually("twelve are held", async () => (await lab.inspect(name)).messageCount === 48);

      await worker.setConcurrency(3);
      const opened = gates.splice(0);
      for (const open of opened) open();
      await eventually("three run", () => worker.health.active === 3 && gates.length === 3);
      const { active, waiting } = worker.health;
      expect(60 - 12 - (await lab.inspect(name)).messageCount).toBe(active + waiting);

      for (let turn = 0; turn < 48; turn += 1) {
        await eventually("the next runs", () => gates.length > 0);
        expect(worker.health.active).toBeLessThanOrEqual(3);
        gates.shift()?.();
      }
      await eventually("none is left", () => worker.health.active === 0);
      expect((await lab.inspect(name)).messageCount).toBe(0);
    });

    test("changes under load, and every task runs once", { timeout: 600_000 }, async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind }];
      const runs = new Map<number, number>();
      const count = defineTask("it.count", async (_context, n: number) => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
        await new Promise((resolve) => setImmediate(resolve));
      });
      const calls = Array.from({ length: 6_000 }, (_, n) => count.s(n).with({ ignoreResult: true }));
      await lab.client(queues, { defaultQueue: name, results: false }).sendMany(calls);
      const worker = lab.worker({ tasks: [count], queues, concurrency: 5, results: false });
      await worker.start();
      const sizes = [50, 1, 20, 3, 100, 99, 100, 2, 30, 1, 64, 10];
      for (const [step, size] of sizes.entries()) {
        await eventually("some more ran", () => runs.size >= Math.min(6_000, (step + 1) * 300));
        await worker.setConcurrency(size);
      }
      await eventually("all ran", () => runs.size === 6_000);
      await eventually("all are settled", () => worker.health.active + worker.health.waiting === 0);
      expect([...runs.values()].filter((times) => times > 1)).toEqual([]);
      expect((await lab.inspect(name)).messageCount).toBe(0);
      await eventually("one consumer's room is left", async () => (await lab.inspect(name)).consumerCount >= 1);
    });
  });
});
