// A process that consumes all queues, by a worker that counts chords on RabbitMQ, one that does so on Redis, and one
// for tasks that kill their process, until SIGTERM or SIGKILL.
import type { Logger } from "@leveret/celery-amqp";
import { createWorker, type CreateWorkerOptions, runWorker, type Worker } from "@leveret/celery-amqp/worker";
import { redisResults } from "@leveret/celery-redis";
import { offend, watchChannels } from "./channels.ts";
import { stepClock } from "./clock.ts";
import { type Order, patience, POISON_LIMIT, poisonQueues, queues, readSetting } from "../judging/orders.ts";
import { answered, chordTasks, poisonTasks, tasks } from "./tasks.ts";
import { endWithConductor, recordEnd, recordsHere, wasRedelivered } from "./witness.ts";

/** Tasks at once in the worker's own process. */
const INLINE_TASKS = 20;
/** Children of a pool, of which each runs one task. */
const CHILDREN = 4;

/** A limit of waiting publishes that replies exceed under a memory alarm. */
const MOST_WAITING = 20;
/** Children that tasks may kill. */
const VICTIMS = 2;

const setting = readSetting();
watchChannels();
endWithConductor();

function logLine(level: string): Logger["info"] {
  return (message, fields = {}) => {
    console.error(new Date().toISOString(), level, message, JSON.stringify(fields));
    // A publish that was cut off goes again by itself.
    const count = fields["resent"];
    if (typeof count === "number") recordsHere().write({ type: "resending", count });
  };
}

/** One line for each time that an operation which waits is done again: of a publish the outcome may be unknown. */
function noteRepetition(message: string): void {
  if (message === "an operation is tried again") recordsHere().write({ type: "resending", count: 1 });
}

function running(pool: string): Pick<CreateWorkerOptions, "pool" | "concurrency"> {
  if (pool === "inline") return { concurrency: INLINE_TASKS };
  const kind = pool === "threads" ? "threads" : "processes";
  return { concurrency: CHILDREN, pool: { kind, module: new URL("./tasks.ts", import.meta.url) } };
}

const common: Omit<CreateWorkerOptions, "tasks"> = {
  broker: setting.urls,
  amqp: { ...patience, maxWaiting: { messages: MOST_WAITING } },
  grace: 5,
  logLevel: "debug",
  logger: { debug: noteRepetition, info: logLine("info"), warn: logLine("warn"), error: logLine("error") },
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

/** Takes what kills its process, where that is a child's. */
const workerOfPoison =
  setting.pool === "processes"
    ? createWorker({
        ...common,
        tasks: poisonTasks,
        queues: [poisonQueues.classic, { name: poisonQueues.quorum, type: "quorum" }],
        pool: { kind: "processes", module: new URL("./tasks.ts", import.meta.url) },
        concurrency: VICTIMS,
        deliveryLimit: POISON_LIMIT,
        name: `${setting.name}-poison@%h`,
      })
    : null;
const workers = [worker, workerOnRedis, ...(workerOfPoison === null ? [] : [workerOfPoison])];

const namesInChords = new Set(chordTasks.map(({ name }) => name));
for (const each of workers) {
  each.on("taskReceived", ({ task }) => {
    // Of the tasks of chords only what they do is written down.
    if (namesInChords.has(task.task)) return;
    recordsHere().write({ type: "received", id: task.id, redelivered: wasRedelivered(task) });
  });
}
process.on("message", (order: Order) => {
  if (order.do === "offend") offend(order.code, order.draw);
  if (order.do === "step-clock") stepClock(order.byMs);
});
// The channel to the conductor must not keep a stopped worker alive, nor its end stop a working one.
process.channel?.unref();

await Promise.all(workers.map(untilStopped));
recordEnd();

/** One that could not start takes the other down with it. */
async function untilStopped(one: Worker): Promise<void> {
  await runWorker(one);
  if (process.exitCode === 1) process.exit();
}
