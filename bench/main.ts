// Measures the hot path beside plain amqplib, BullMQ and Celery in one run, and writes docs/benchmarks.md.
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createClient, defineTask, type PreparedMessage } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { createContent, decodeTask, encodeTask, newTask } from "@leveret/celery-protocol";
import { startRabbit } from "@leveret/rabbit-local";
import { addJobs, startRedis, workJobs } from "./bullmq.ts";
import { findCelery, workOff } from "./celery.ts";
import { type Contender, interleave, median, perSecond, table } from "./measure.ts";
import { consumeRaw, fill, publishRaw, roundTripRaw } from "./raw.ts";

const rounds = Number(process.argv[2] ?? 5);
const count = Number(process.argv[3] ?? 20_000);
const add = defineTask("bench.add", { run: (_ctx, x: number, y: number) => x + y, ignoreResult: true });
const answered = defineTask("bench.answered", (_ctx, x: number, y: number) => x + y);

const rabbit = await startRabbit({ onProgress: (line) => console.error(line) });
const redis = await startRedis();
const celery = findCelery();
const url = rabbit.url;
const message = await sample();

async function sample(): Promise<PreparedMessage> {
  await using client = createClient({ broker: url, results: false });
  return client.prepare(add.s(2, 3));
}

async function withQueue<T>(use: (queue: string) => Promise<T>): Promise<T> {
  const queue = `bench-${randomUUID()}`;
  await fill(url, queue, message, 0);
  return use(queue);
}

async function sendOurs(): Promise<number> {
  return withQueue(async (queue) => {
    await using client = createClient({ broker: url, results: false });
    const call = add.with({ queue });
    await client.send(call, 1, 1);
    // Awaited here: the client is closed when this function returns.
    return await perSecond(count, async () => {
      await client.sendMany(calls(call));
    });
  });
}

function* calls(call: typeof add): Generator<ReturnType<typeof add.si>> {
  for (let index = 0; index < count; index += 1) yield call.si(2, 3);
}

async function workOurs(concurrency: number): Promise<number> {
  return withQueue(async (queue) => {
    await fill(url, queue, message, count);
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let done = 0;
    const counted = defineTask("bench.add", {
      run: (_ctx, x: number, y: number) => {
        done += 1;
        if (done === count) finish();
        return x + y;
      },
      ignoreResult: true,
    });
    const worker = createWorker({ broker: url, tasks: [counted], queues: [queue], concurrency, logLevel: "error" });
    const figure = await perSecond(count, async () => {
      await worker.start();
      await finished;
    });
    await worker.stop();
    return figure;
  });
}

async function roundTripOurs(trips: number): Promise<number> {
  return withQueue(async (queue) => {
    const worker = createWorker({ broker: url, tasks: [answered], queues: [queue], logLevel: "error" });
    await worker.start();
    await using client = createClient({ broker: url });
    const call = answered.with({ queue });
    const durations: number[] = [];
    for (let index = 0; index < trips; index += 1) {
      const start = performance.now();
      await client.call(call, 2, 3);
      durations.push(performance.now() - start);
    }
    await worker.stop();
    return median(durations.toSorted((a, b) => a - b));
  });
}

async function roundTripPlain(trips: number): Promise<number> {
  return withQueue(async (queue) => {
    const durations = await roundTripRaw(url, queue, message, trips);
    return median(durations.toSorted((a, b) => a - b));
  });
}

function codec(): readonly Contender[] {
  const content = createContent();
  const task = newTask({ id: randomUUID(), task: "bench.add", args: [2, 3] });
  const wire = encodeTask(task, content);
  const body = [[2, 3], {}, { callbacks: null, errbacks: null, chain: null, chord: null }];
  const text = new TextDecoder().decode(wire.body);
  const repeat = (work: () => unknown) => () =>
    perSecond(count * 5, () => {
      for (let index = 0; index < count * 5; index += 1) work();
      return Promise.resolve();
    });
  return [
    { name: "JSON.stringify of the body alone", run: repeat(() => Buffer.from(JSON.stringify(body))) },
    { name: "encodeTask: headers, reprs, properties, body", run: repeat(() => encodeTask(task, content)) },
    { name: "JSON.parse of the body alone", run: repeat(() => JSON.parse(text) as unknown) },
    { name: "decodeTask", run: repeat(() => decodeTask(wire, content)) },
  ];
}

const tables: string[] = [];
console.error("Encode and decode");
tables.push(table("Encode and decode", "messages/s", await interleave(codec(), rounds), "higher"));

console.error("Publish with confirms");
const publishing: Contender[] = [
  { name: "amqplib, 1 000 in flight", run: () => withQueue((queue) => publishRaw(url, queue, message, count)) },
  { name: "Leveret, `client.sendMany`", run: sendOurs },
];
if (redis !== null) {
  publishing.push({
    name: "BullMQ, `queue.add`, 500 in flight",
    run: () => addJobs(redis.port, `add-${randomUUID()}`, count),
  });
}
tables.push(table("Publish with confirms", "tasks/s", await interleave(publishing, rounds), "higher"));

console.error("Worker, no-op tasks");
const working: Contender[] = [
  {
    name: "amqplib, prefetch 200, JSON.parse, ack each",
    run: () => withQueue(async (queue) => (await fill(url, queue, message, count), consumeRaw(url, queue, 200, count))),
  },
  { name: "Leveret, concurrency 200", run: () => workOurs(200) },
];
if (redis !== null) {
  working.push({
    name: "BullMQ, concurrency 100",
    run: async () => {
      const name = `work-${randomUUID()}`;
      await addJobs(redis.port, name, count);
      return workJobs(redis.port, name, count);
    },
  });
}
if (celery !== null) {
  working.push({
    name: "Celery, solo pool",
    run: () => withQueue(async (queue) => (await fill(url, queue, message, count), workOff(celery, url, queue, count))),
  });
}
tables.push(table("Worker, no-op tasks, no result", "tasks/s", await interleave(working, rounds), "higher"));

console.error("Round trip");
const trips: Contender[] = [
  { name: "amqplib, request and reply", run: () => roundTripPlain(500) },
  { name: "Leveret, `client.call` with rpc results", run: () => roundTripOurs(500) },
];
tables.push(table("Round trip, one at a time", "p50 ms", await interleave(trips, rounds), "lower"));

await rabbit.stop();
redis?.stop();

const absent = [
  ...(redis === null ? ["BullMQ (no redis-server on PATH)"] : []),
  ...(celery === null ? ["Celery (run the tests once)"] : []),
];
const report = [
  `Run with \`pnpm bench ${rounds} ${count}\`: ${rounds} rounds of ${count} tasks, contenders in turn within each round; ${cpus().length} cores, Node ${process.version}, RabbitMQ ${rabbit.version} on loopback.`,
  ...(absent.length > 0 ? [`Not measured: ${absent.join(", ")}.`] : []),
  "",
  ...tables,
].join("\n");
console.log(report);
const page = join(import.meta.dirname, "../docs/benchmarks.md");
const [before, after] = readFileSync(page, "utf8").split(/<!-- figures -->[\s\S]*<!-- end of figures -->/);
writeFileSync(page, `${before}<!-- figures -->\n\n${report}\n<!-- end of figures -->${after ?? ""}`);
