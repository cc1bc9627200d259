import { randomUUID } from "node:crypto";
import { defineTask } from "@leveret/celery-amqp";
import { createWorker, type CreateWorkerOptions } from "@leveret/celery-amqp/worker";
import { createMetrics } from "@leveret/celery-metrics";
import { createTracing } from "@leveret/celery-otel";
import { addJobs, workJobs } from "./bullmq.ts";
import { workOff } from "./celery.ts";
import { type Contender, type Figure, perSecond } from "./measure.ts";
import { consumeRaw, type QueueType } from "./raw.ts";
import { type Match, messageOf, noop, type Scene, type Suite, withQueue } from "./suite.ts";

/** Working a backlog off. */
export const work: Suite = {
  name: "work",
  matches: async (scene) => [
    await others(scene),
    await byConcurrency(scene, "classic"),
    await byConcurrency(scene, "quorum"),
    await withResults(scene),
    await watched(scene),
    await withBodies(scene, 1_000),
    await withBodies(scene, 100_000),
  ],
};

interface Working {
  readonly type: QueueType;
  readonly concurrency: number;
  readonly bytes: number;
  readonly results: boolean;
  readonly count: number;
  /** Of the worker, beside what the rest asks for. */
  readonly options?: Partial<CreateWorkerOptions>;
}

/** The same no-op everywhere; the reply queue of a task with results has no consumer. */
async function ours(scene: Scene, working: Working): Promise<Figure> {
  const { type, concurrency, bytes, results, count, options = {} } = working;
  const { url } = scene;
  const message = await messageOf(scene, bytes);
  const answered = results ? { ...message, properties: { ...message.properties, replyTo: "bench-replies" } } : message;
  return withQueue(scene, { type, message: answered, count }, async (queue) => {
    const finished = Promise.withResolvers<void>();
    let done = 0;
    const counted = defineTask(noop.name, {
      run: (_ctx, x: number, y: number, _text: string = "") => {
        done += 1;
        if (done === count) finished.resolve();
        return x + y;
      },
      ignoreResult: !results,
    });
    const where = { broker: url, queues: [queue] };
    const worker = createWorker({ ...where, tasks: [counted], concurrency, logLevel: "error", ...options });
    const figure = await perSecond(count, async () => {
      await worker.start();
      await finished.promise;
    });
    await worker.stop();
    return figure;
  });
}

async function raw(scene: Scene, { type, concurrency, bytes, results, count }: Working): Promise<Figure> {
  const message = await messageOf(scene, bytes);
  return withQueue(scene, { type, message, count }, (queue) =>
    consumeRaw(scene.url, queue, { prefetch: concurrency, count, reply: results }),
  );
}

async function others(scene: Scene): Promise<Match> {
  const { url, redisPort, celery, count } = scene;
  const working: Working = { type: "classic", concurrency: 100, bytes: 0, results: false, count };
  const message = await messageOf(scene);
  const contenders: Contender[] = [
    { name: "amqplib, prefetch 100, JSON.parse, ack each", run: () => raw(scene, working) },
    { name: "Leveret, concurrency 100", run: () => ours(scene, working) },
  ];
  if (redisPort !== null) {
    contenders.push({
      name: "BullMQ, concurrency 100",
      run: async () => {
        const name = `work-${randomUUID()}`;
        await addJobs(redisPort, name, count);
        return workJobs(redisPort, name, count);
      },
    });
  }
  if (celery !== null) {
    contenders.push({
      name: "Celery, solo pool",
      run: () => withQueue(scene, { message, count }, (queue) => workOff(celery, url, queue, count)),
    });
  }
  return { title: "Worker, no-op tasks, no result", unit: "tasks/s", better: "higher", contenders };
}

async function byConcurrency(scene: Scene, type: QueueType): Promise<Match> {
  const pairs = [1, 10, 100].flatMap((concurrency): Contender[] => {
    const count = concurrency === 1 ? Math.ceil(scene.count / 4) : scene.count;
    const working: Working = { type, concurrency, bytes: 0, results: false, count };
    return [
      { name: `amqplib, prefetch ${concurrency}`, run: () => raw(scene, working) },
      {
        name: `Leveret, concurrency ${concurrency}`,
        run: () => ours(scene, working),
        against: `amqplib, prefetch ${concurrency}`,
      },
    ];
  });
  return { title: `Worker by concurrency, ${type} queue`, unit: "tasks/s", better: "higher", contenders: pairs };
}

async function withResults(scene: Scene): Promise<Match> {
  const working: Working = { type: "classic", concurrency: 100, bytes: 0, results: true, count: scene.count };
  return {
    title: "Worker with rpc results",
    unit: "tasks/s",
    better: "higher",
    contenders: [
      { name: "amqplib, no reply", run: () => raw(scene, { ...working, results: false }) },
      { name: "amqplib, a reply each, ack at its confirm", run: () => raw(scene, working) },
      { name: "Leveret, concurrency 100, rpc results", run: () => withReplies(scene, () => ours(scene, working)) },
    ],
  };
}

/** The cost of observation, and that it is zero without an observer. */
async function watched(scene: Scene): Promise<Match> {
  const working: Working = { type: "classic", concurrency: 100, bytes: 0, results: false, count: scene.count };
  const run = (options: Partial<CreateWorkerOptions>) => () => ours(scene, { ...working, options });
  return {
    title: "Worker, observed",
    unit: "tasks/s",
    better: "higher",
    contenders: [
      { name: "Leveret, not observed", run: run({ events: false, remoteControl: false }) },
      { name: "Leveret, as it is by default: heartbeats, remote control", run: run({}) },
      { name: "Leveret, events of each task", run: run({ events: true }) },
      { name: "Leveret, celery-metrics", run: run({ interceptors: [createMetrics().interceptor] }) },
      { name: "Leveret, celery-otel without an SDK", run: run({ interceptors: [createTracing()] }) },
    ],
  };
}

/** A client holds the reply queue, and drops what comes. */
async function withReplies(scene: Scene, run: () => Promise<Figure>): Promise<Figure> {
  return withQueue(scene, { name: "bench-replies" }, run);
}

async function withBodies(scene: Scene, bytes: number): Promise<Match> {
  const count = bytes > 10_000 ? Math.ceil(scene.count / 20) : scene.count;
  const working: Working = { type: "classic", concurrency: 100, bytes, results: false, count };
  return {
    title: `Worker, bodies of ${bytes / 1000} kB`,
    unit: "tasks/s",
    better: "higher",
    contenders: [
      { name: "amqplib, prefetch 100", run: () => raw(scene, working) },
      { name: "Leveret, concurrency 100", run: () => ours(scene, working) },
    ],
  };
}
