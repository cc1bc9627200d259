import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineTask } from "../../src/index.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "./support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";

// Delays, retries and dead letters that cross from one language to the other.

const when = defineTask<() => number>("interop.when");
const retryLater = defineTask<() => number>("interop.retry_later");

/** A Celery that delays in the broker: a quorum queue behind a topic exchange. */
function nativeDelay(queue: string): Readonly<Record<string, unknown>> {
  return {
    task_default_queue: queue,
    task_default_exchange: queue,
    task_default_exchange_type: "topic",
    task_default_routing_key: queue,
    task_default_queue_type: "quorum",
    worker_detect_quorum_queues: true,
  };
}

const ofNativeDelay = (queue: string) =>
  ({ name: queue, type: "quorum", exchange: queue, exchangeType: "topic", routingKey: queue }) as const;

// The delays take their time: the oldest of both on one another, and the newest.
const tried = [pairings().at(0), pairings().at(-1)].filter((pairing) => pairing !== undefined);

for (const { label, brokerUrl, python, absent } of tried) {
  // Concurrently: the tests wait for times and for programs to start, and each has a queue of its own.
  describe.skipIf(absent).concurrent(`delays with ${label}`, () => {
    let outside: Transport;
    beforeAll(async () => {
      outside = createAmqpTransport({ url: brokerUrl });
      await outside.connect();
    });
    afterAll(() => outside.close());

    const isEmpty = (queue: string) =>
      eventually(`${queue} is empty`, async () => (await outside.inspectQueue(queue))?.messageCount === 0);

    function pythonWorker(queue: string, conf: Readonly<Record<string, unknown>> = {}): PythonWorker {
      return new PythonWorker({ python, brokerUrl, conf, queues: [queue], name: `delays-${randomUUID().slice(0, 8)}` });
    }

    test("Python's countdown passes in the broker, and our worker runs the task when it is due", async () => {
      const queue = freshQueue("python-countdown");
      const worker = await ourWorker(brokerUrl, queue);
      const client = new PythonClient({ python, brokerUrl, conf: { task_default_queue: queue } });
      await client.ready();
      const dueAt = Date.now() / 1000 + 3.3;
      const ranAt = await client.value("app.send_task('interop.when', countdown=3.3).get(timeout=150)");
      expect(ranAt).toBeGreaterThanOrEqual(dueAt);
      await Promise.all([worker.stop(), client.stop()]);
    });

    test("what we left to the broker, a Python worker runs when it is due, and retries", async () => {
      const queue = freshQueue("ours-parked");
      await using client = ourClient(brokerUrl, { routes: { "*": queue } });
      const ours = await ourWorker(brokerUrl, queue);
      const dueAt = Date.now() / 1000 + 8;
      const run = await client.send(when.with({ countdown: "8s" }));
      const retried = await client.send(retryLater.with({ countdown: "8s" }));
      await isEmpty(queue);
      await ours.stop();
      const worker = pythonWorker(queue);
      await worker.ready();
      expect(await run.get({ timeout: "60s" })).toBeGreaterThanOrEqual(dueAt);
      expect(await retried.get({ timeout: "60s" })).toBe(1);
      await worker.stop();
    });

    test("Python retries a task, and the delay leads to our worker", async () => {
      const queue = freshQueue("python-retries");
      await using client = ourClient(brokerUrl, { routes: { "*": queue } });
      const pythons = pythonWorker(queue);
      await pythons.ready();
      const result = await client.send(retryLater);
      for await (const { status } of result.states({ timeout: "60s" })) if (status === "RETRY") break;
      await pythons.stop();
      const ours = await ourWorker(brokerUrl, queue);
      expect(await result.get({ timeout: "60s" })).toBe(1);
      await ours.stop();
    });

    test("Python's own delay leads to our worker, which declared it first", async () => {
      const queue = freshQueue("native-ours");
      const worker = await ourWorker(brokerUrl, queue, { queues: [ofNativeDelay(queue)] });
      const conf = nativeDelay(queue);
      const client = new PythonClient({ python, brokerUrl, conf });
      await client.ready();
      const dueAt = Date.now() / 1000 + 3.3;
      const ranAt = await client.value("app.send_task('interop.when', countdown=3.3).get(timeout=150)");
      expect(ranAt).toBeGreaterThanOrEqual(dueAt);
      const retried = await client.value("app.send_task('interop.retry_later', countdown=3).get(timeout=150)");
      expect(retried).toBe(1);
      await worker.stop();
      const pythons = pythonWorker(queue, conf);
      await pythons.ready();
      expect(await client.value("app.send_task('interop.add', [2, 3], countdown=1).get(timeout=150)")).toBe(5);
      await Promise.all([pythons.stop(), client.stop()]);
    });

    test("our worker takes the delay as a Python worker declared it", async () => {
      const queue = freshQueue("native-python");
      const conf = nativeDelay(queue);
      const pythons = pythonWorker(queue, conf);
      await pythons.ready();
      const ours = await ourWorker(brokerUrl, queue, { queues: [ofNativeDelay(queue)] });
      const client = new PythonClient({ python, brokerUrl, conf });
      const code =
        "[r.get(timeout=150) for r in [app.send_task('interop.add', [n, 1], countdown=3) for n in range(10)]]";
      expect(await client.value(code)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      await Promise.all([pythons.stop(), ours.stop(), client.stop()]);
    });

    test("our dead letters can be read from Python, the body unchanged", async () => {
      const queue = freshQueue("dead");
      const worker = await ourWorker(brokerUrl, queue);
      const client = new PythonClient({ python, brokerUrl, conf: { task_default_queue: queue } });
      await client.value("app.send_task('interop.nobody', ['سلام', 2], {'x': 1.5}, headers={'tenant': 'blue'}).id");
      await eventually("it is there", async () => (await outside.inspectQueue(`${queue}.dead`))?.messageCount === 1);
      const letter = await client.value(
        `(lambda q: (lambda m: {"payload": m.decode(), "headers": {k: str(v) for k, v in m.headers.items()}, "acked": m.ack()})(q.get()))(kombu.Queue("${queue}.dead", no_declare=True).bind(app.connection_for_read().default_channel))`,
      );
      expect(letter).toMatchObject({
        payload: [["سلام", 2], { x: 1.5 }, { callbacks: null, errbacks: null, chain: null, chord: null }],
        headers: {
          task: "interop.nobody",
          tenant: "blue",
          "x-leveret-reason": "unregistered",
          "x-leveret-error": "NotRegistered: interop.nobody",
          "x-leveret-queue": queue,
          "x-leveret-routing-key": queue,
        },
      });
      await Promise.all([worker.stop(), client.stop()]);
    });
  });
}
