import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { defineTask, shardedQueue, type TaskQueue } from "../../src/index.ts";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "./support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";

// Queues of every kind, shared with Python: whoever comes first, both name the same kind.

const request = defineTask<() => { priority: number | null; routing_key: string }>("interop.request");
const add = defineTask<(x: number, y: number) => number>("interop.add");

const quorum = { task_create_missing_queue_type: "quorum", worker_detect_quorum_queues: true };
const priorities = { task_queue_max_priority: 10 };

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`queues shared with ${label}`, () => {
    const start = (queues: readonly string[], conf: Readonly<Record<string, unknown>>): PythonWorker =>
      new PythonWorker({ python, brokerUrl, conf, queues, name: `queues-${randomUUID().slice(0, 8)}` });

    test("a Python worker serves a quorum queue that our client declared", async () => {
      const queue = freshQueue("quorum");
      const queues: readonly TaskQueue[] = [{ name: queue, type: "quorum" }];
      await using client = ourClient(brokerUrl, { queues, defaultQueue: queue });
      const sum = await client.send(add, 2, 3);
      const worker = start([queue], quorum);
      await worker.ready();
      expect(await sum.get({ timeout: "60s" })).toBe(5);
      await worker.stop();
    });

    test("a Python worker serves a priority queue, and shards, that our client declared", async () => {
      const mail = freshQueue("mail");
      const images = shardedQueue(freshQueue("images"), 2, { maxPriority: 10 });
      await using client = ourClient(brokerUrl, { queues: [{ name: mail, maxPriority: 10 }, images] });
      const [toMail, toFirst, toSecond] = await Promise.all([
        client.send(request.with({ queue: mail, priority: 7 })),
        client.send(request.with({ queue: images.name, shardKey: "" })),
        client.send(request.with({ queue: images.name, shardKey: "🐇" })),
      ]);
      const shards = [`${images.name}.shard-0`, `${images.name}.shard-1`];
      const worker = start([mail, ...shards], priorities);
      await worker.ready();
      expect(await toMail.get({ timeout: "60s" })).toMatchObject({ priority: 7, routing_key: mail });
      expect(await toFirst.get({ timeout: "60s" })).toMatchObject({ routing_key: shards[1] });
      expect(await toSecond.get({ timeout: "60s" })).toMatchObject({ routing_key: shards[0] });
      await worker.stop();
    });

    test.each([
      ["quorum", { type: "quorum" }, quorum],
      ["priority", { maxPriority: 10 }, priorities],
    ] as const)("our worker serves a %s queue that a Python client declared", async (kind, ours, conf) => {
      const queue = freshQueue(kind);
      const client = new PythonClient({ python, brokerUrl, conf });
      await client.value(`app.send_task('interop.add', [1, 2], queue='${queue}').id`);
      const worker = await ourWorker(brokerUrl, queue, { queues: [{ name: queue, ...ours }] });
      const sum = `app.send_task('interop.add', [2, 3], queue='${queue}', priority=5).get(timeout=150)`;
      expect(await client.value(sum)).toBe(5);
      await worker.stop();
      await client.stop();
    });
  });
}
