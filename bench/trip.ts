import { createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { median } from "./measure.ts";
import { roundTripRaw } from "./raw.ts";
import { messageOf, type Scene, type Suite, withQueue } from "./suite.ts";

const answered = defineTask("bench.answered", (_ctx, x: number, y: number) => x + y);

/** A call and its answer, one at a time. */
export const trip: Suite = {
  name: "trip",
  matches: (scene) =>
    Promise.resolve([
      {
        title: "Round trip, one at a time",
        unit: "p50 ms",
        better: "lower",
        contenders: [
          { name: "amqplib, request and reply", run: () => plain(scene, false) },
          { name: "amqplib, both with confirms", run: () => plain(scene, true) },
          { name: "Leveret, `client.call` with rpc results", run: () => ours(scene) },
        ],
      },
    ]),
};

const trips = 500;

async function plain(scene: Scene, confirmed: boolean): Promise<number> {
  const message = await messageOf(scene);
  return withQueue(scene, {}, async (queue) =>
    middle(await roundTripRaw(scene.url, queue, message, { count: trips, confirmed })),
  );
}

async function ours(scene: Scene): Promise<number> {
  return withQueue(scene, {}, async (queue) => {
    const worker = createWorker({ broker: scene.url, tasks: [answered], queues: [queue], logLevel: "error" });
    await worker.start();
    await using client = createClient({ broker: scene.url });
    const call = answered.with({ queue });
    const durations: number[] = [];
    for (let index = 0; index < trips; index += 1) {
      const start = performance.now();
      await client.call(call, 2, 3);
      durations.push(performance.now() - start);
    }
    await worker.stop();
    return middle(durations);
  });
}

function middle(durations: readonly number[]): number {
  return median(durations.toSorted((a, b) => a - b));
}
