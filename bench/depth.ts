import { defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { consumeTenths, type QueueType } from "./raw.ts";
import { messageOf, noop, type Scene, type Suite, withQueue } from "./suite.ts";

/** Whether the rate falls with the depth of the backlog: the first tenth, worked at full depth, against the last. */
export const depth: Suite = {
  name: "depth",
  onlyByName: true,
  matches: (scene) =>
    Promise.resolve(
      (["classic", "quorum"] as const).map((type) => ({
        title: `First tenth of a backlog of ${scene.depth.toLocaleString("en").replaceAll(",", " ")} against its last, ${type} queue`,
        unit: "rate of the first / rate of the last",
        better: "higher",
        contenders: [
          { name: "amqplib, prefetch 100", run: () => fallOf(scene, type, consumeTenths) },
          { name: "Leveret, concurrency 100", run: () => fallOf(scene, type, workTenths) },
        ],
      })),
    ),
};

type Tenths = (url: string, queue: string, prefetch: number, count: number) => Promise<readonly number[]>;

async function fallOf(scene: Scene, type: QueueType, tenths: Tenths): Promise<number> {
  const message = await messageOf(scene);
  return withQueue(scene, { type, message, count: scene.depth }, async (queue) => {
    const rates = await tenths(scene.url, queue, 100, scene.depth);
    console.error(`    tasks/s by tenth: ${rates.map(Math.round).join(" ")}`);
    return (rates[0] ?? Number.NaN) / (rates.at(-1) ?? Number.NaN);
  });
}

async function workTenths(url: string, queue: string, concurrency: number, count: number): Promise<readonly number[]> {
  const tenth = Math.floor(count / 10);
  const rates: number[] = [];
  const finished = Promise.withResolvers<void>();
  let done = 0;
  let since = 0;
  const counted = defineTask(noop.name, {
    run: (_ctx, x: number, y: number) => {
      done += 1;
      if (done % tenth === 0) {
        rates.push((tenth / (performance.now() - since)) * 1000);
        since = performance.now();
        if (rates.length === 10) finished.resolve();
      }
      return x + y;
    },
    ignoreResult: true,
  });
  const worker = createWorker({ broker: url, tasks: [counted], queues: [queue], concurrency, logLevel: "error" });
  since = performance.now();
  await worker.start();
  await finished.promise;
  await worker.stop();
  return rates;
}
