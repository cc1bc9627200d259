import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createWorker } from "../../src/worker.ts";
import { defineTask } from "../../src/index.ts";
import { missing, pairings } from "./support/brokers.ts";
import { freshQueue, ourClient, ourTasks, ourWorker } from "./support/ours.ts";
import { PythonClient, PythonWorker } from "./support/python.ts";

// Queues shared by Python and Node, whoever comes first and whatever Python was told of queue types.

const add = defineTask<(x: number, y: number) => number>("interop.add");
const fleets = [
  ["plain Python", {}],
  ["Python set to quorum", { task_default_queue_type: "quorum", worker_detect_quorum_queues: true }],
] as const;

test.for(missing)("needs %s", (_reason, { skip }) => skip());

describe.each(pairings())("a mixed fleet with $label", ({ brokerUrl, python }) => {
  describe.each(fleets)("of %s", (_fleet, settings) => {
    async function bothWork(queue: string, pythonFirst: boolean): Promise<void> {
      const conf = { ...settings, task_default_queue: queue, task_default_exchange: queue, task_default_routing_key: queue };
      const python1 = new PythonWorker({ python, brokerUrl, conf, queues: [queue], name: `mixed-${randomUUID().slice(0, 8)}` });
      const pythonClient = new PythonClient({ python, brokerUrl, conf });
      const client = ourClient(brokerUrl, { routes: { "*": queue } });
      try {
        if (pythonFirst) await python1.ready();
        else expect(await client.send(add, 0, 0)).toBeDefined();
        const worker = await ourWorker(brokerUrl, queue);
        try {
          if (pythonFirst || settings === fleets[0][1]) {
            await python1.ready();
            const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => client.call(add, index, 1)));
            expect(answers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
            expect(await pythonClient.value(`app.send_task('interop.add', [2, 3]).get(timeout=60)`)).toBe(5);
          } else {
            // The queue is classic already and Python asks for quorum: it is Python that cannot join, as with any classic queue.
            expect(await client.call(add, 1, 1)).toBe(2);
          }
        } finally {
          await worker.stop();
        }
      } finally {
        await client.close();
        await pythonClient.stop();
        await python1.stop();
      }
    }

    test("works when Python declared the queue", async () => {
      await bothWork(freshQueue("python-first"), true);
    });

    test("works when we declared it", async () => {
      await bothWork(freshQueue("we-first"), false);
    });
  });

  test("keeps our worker up where a queue has a type it was not told of", async () => {
    const queue = freshQueue("quorum-by-python");
    const conf = { task_default_queue_type: "quorum", task_default_queue: queue };
    const client = new PythonClient({ python, brokerUrl, conf });
    await client.value(`app.send_task('interop.add', [1, 2]).id`);
    const worker = createWorker({ broker: brokerUrl, tasks: ourTasks, queues: [queue] });
    await worker.start();
    expect(await client.value(`app.send_task('interop.add', [2, 3]).get(timeout=60)`)).toBe(5);
    await worker.stop();
    await client.stop();
  });
});
