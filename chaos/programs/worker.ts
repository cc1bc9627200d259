// A process that serves all queues, by a worker that counts chords on RabbitMQ and one that does so on Redis, until it is told to stop by SIGTERM, or killed.
import type { Logger } from "@leveret/celery-amqp";
import { createWorker, type CreateWorkerOptions, runWorker, type Worker } from "@leveret/celery-amqp/worker";
import { redisResults } from "@leveret/celery-redis";
import { offend, watchChannels } from "./channels.ts";
import { type Order, patience, queues, readSetting } from "./orders.ts";
import { answered, chordTasks, tasks } from "./tasks.ts";
import { endWithConductor, recordEnd, recordsHere, wasRedelivered } from "./witness.ts";

/** Tasks at once in the worker's own process. */
const INLINE_TASKS = 20;
/** Children of a pool, of which each runs one task. */
const CHILDREN = 4;

const setting = readSetting();
watchChannels();
endWithConductor();

function logLine(level: string): Logger["info"] {
  return (message, fields = {}) => {
    console.error(new Date().toISOString(), level, message, JSON.stringify(fields));
    // A publish that was cut off goes again by itself; one whose outcome is unknown is done again with patience.
    const count = message === "waiting for the broker" ? 1 : fields["sentAgain"];
    if (typeof count === "number") recordsHere().write({ type: "resending", count });
  };
}

function running(pool: string): Pick<CreateWorkerOptions, "pool" | "concurrency"> {
  if (pool === "inline") return { concurrency: INLINE_TASKS };
  const kind = pool === "threads" ? "threads" : "processes";
  return { concurrency: CHILDREN, pool: { kind, module: new URL("./tasks.ts", import.meta.url) } };
}

const common: Omit<CreateWorkerOptions, "tasks"> = {
  broker: setting.urls,
  amqp: patience,
  grace: 5,
  logger: { debug: () => {}, info: logLine("info"), warn: logLine("warn"), error: logLine("error") },
};
const worker = createWorker({
  ...common,
  tasks,
  queues: [queues.classic, { name: queues.quorum, type: "quorum" }, queues.volatile],
  ...running(setting.pool),
  chords: "rabbitmq",
  name: `${setting.name}@%h`,
});
const workerOnRedis = createWorker({
  ...common,
  tasks: [answered, ...chordTasks],
  queues: [{ name: queues.redis, type: "quorum" }],
  concurrency: INLINE_TASKS,
  results: redisResults(setting.redisUrl),
  name: `${setting.name}-redis@%h`,
});

const namesInChords = new Set(chordTasks.map(({ name }) => name));
for (const each of [worker, workerOnRedis]) {
  each.on("taskReceived", ({ task }) => {
    // Of the tasks of chords only what they do is written down.
    if (namesInChords.has(task.task)) return;
    recordsHere().write({ type: "received", id: task.id, redelivered: wasRedelivered(task) });
  });
}
process.on("message", (order: Order) => {
  if (order.do === "offend") offend(order.code, order.draw);
});
// The channel to the conductor must not keep a stopped worker alive, nor its end stop a working one.
process.channel?.unref();

await Promise.all([untilStopped(worker), untilStopped(workerOnRedis)]);
recordEnd();

/** One that could not start takes the other down with it. */
async function untilStopped(one: Worker): Promise<void> {
  await runWorker(one);
  if (process.exitCode === 1) process.exit();
}
