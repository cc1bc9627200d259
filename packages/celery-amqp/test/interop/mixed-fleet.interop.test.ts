import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createWorker } from "../../src/worker.ts";
import { defineTask } from "../../src/index.ts";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourTasks, ourWorker } from "./support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";

// Queues shared by Python and Node, whoever comes first and whatever Python was told of queue types.

const add = defineTask<(x: number, y: number) => number>("interop.add");
const fleets = [
  ["plain Python", {}],
  ["Python set to quorum", { task_default_queue_type: "quorum", worker_detect_quorum_queues: true }],
] as const;
const expectedSums = Array.from({ length: 40 }, (_, index) => index + 1);

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`a mixed fleet with ${label}`, () => {
    interface Fleet {
      readonly worker: PythonWorker;
      readonly client: PythonClient;
      stop(): Promise<void>;
    }

    function startFleet(queue: string, settings: Readonly<Record<string, unknown>>): Fleet {
      const names = { task_default_queue: queue, task_default_exchange: queue, task_default_routing_key: queue };
      const conf = { ...settings, ...names };
      const name = `mixed-${randomUUID().slice(0, 8)}`;
      const worker = new PythonWorker({ python, brokerUrl, conf, queues: [queue], name });
      const client = new PythonClient({ python, brokerUrl, conf });
      const stop = async (): Promise<void> => {
        await Promise.all([worker.stop(), client.stop()]);
      };
      return { worker, client, stop };
    }

    async function sumsOf(queue: string): Promise<number[]> {
      await using client = ourClient(brokerUrl, { routes: { "*": queue } });
      return await Promise.all(expectedSums.map((_, index) => client.call(add, index, 1)));
    }

    describe.each(fleets)("of %s", (_fleet, settings) => {
      const startPython = (queue: string): Fleet => startFleet(queue, settings);

      test("works when Python declared the queue", async () => {
        const queue = freshQueue("python-first");
        const fleet = startPython(queue);
        await fleet.worker.ready();
        const worker = await ourWorker(brokerUrl, queue);
        expect(await sumsOf(queue)).toEqual(expectedSums);
        expect(await fleet.client.value("app.send_task('interop.add', [2, 3]).get(timeout=150)")).toBe(5);
        await Promise.all([worker.stop(), fleet.stop()]);
      });
    });

    test("works when we declared the queue, as Celery does, and plain Python joins", async () => {
      const queue = freshQueue("we-first");
      const worker = await ourWorker(brokerUrl, queue);
      const fleet = startFleet(queue, {});
      await fleet.worker.ready();
      expect(await sumsOf(queue)).toEqual(expectedSums);
      expect(await fleet.client.value("app.send_task('interop.add', [2, 3]).get(timeout=150)")).toBe(5);
      await Promise.all([worker.stop(), fleet.stop()]);
    });

    test("keeps our worker up where a queue has a type it was not told of", async () => {
      const queue = freshQueue("quorum-by-python");
      const conf = { task_default_queue_type: "quorum", task_default_queue: queue };
      const client = new PythonClient({ python, brokerUrl, conf });
      await client.value(`app.send_task('interop.add', [1, 2]).id`);
      const worker = createWorker({ broker: brokerUrl, tasks: ourTasks, queues: [queue] });
      await worker.start();
      expect(await client.value(`app.send_task('interop.add', [2, 3]).get(timeout=150)`)).toBe(5);
      await worker.stop();
      await client.stop();
    });
  });
}
