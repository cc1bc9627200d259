import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { connect } from "amqplib";
import { messageOf, noop, type Scene, type Suite, withQueue } from "./suite.ts";

const held = 10_000;

/** Memory of a running task: message, request, run and its handler's promise. */
export const memory: Suite = {
  name: "memory",
  matches: (scene) =>
    Promise.resolve([
      {
        title: `Memory of a task in flight, ${held.toLocaleString("en").replaceAll(",", " ")} at once`,
        unit: "bytes of heap",
        better: "lower",
        contenders: [
          { name: "amqplib: the delivery alone", run: () => delivered(scene) },
          { name: "Leveret: a running task", run: () => running(scene) },
        ],
      },
    ]),
};

async function delivered(scene: Scene): Promise<number> {
  const message = await messageOf(scene);
  return withQueue(scene, { message, count: held }, async (queue) => {
    const connection = await connect(scene.url, { noDelay: true });
    const channel = await connection.createChannel();
    await channel.prefetch(held);
    const kept: unknown[] = [];
    const before = heapUsed();
    await new Promise<void>((resolve) => {
      void channel.consume(queue, (delivery) => {
        kept.push(delivery);
        if (kept.length === held) resolve();
      });
    });
    const bytes = (heapUsed() - before) / kept.length;
    await connection.close();
    return bytes;
  });
}

async function running(scene: Scene): Promise<number> {
  const message = await messageOf(scene);
  return withQueue(scene, { message, count: held }, async (queue) => {
    const all = Promise.withResolvers<void>();
    const end = Promise.withResolvers<number>();
    let started = 0;
    const waiting = defineTask(noop.name, {
      run: async (_ctx, _x: number, _y: number) => {
        started += 1;
        if (started === held) all.resolve();
        return await end.promise;
      },
      ignoreResult: true,
    });
    const worker = createWorker({
      broker: scene.url,
      tasks: [waiting],
      queues: [queue],
      concurrency: held,
      logLevel: "error",
    });
    const before = heapUsed();
    await worker.start();
    await all.promise;
    const bytes = (heapUsed() - before) / held;
    end.resolve(0);
    await worker.stop();
    return bytes;
  });
}

/** Heap and buffers after a full collection. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed: heap, external } = process.memoryUsage();
  return heap + external;
}
