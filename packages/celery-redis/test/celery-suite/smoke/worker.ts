// The worker that stands in for Python's in Celery's own smoke tests. It takes the arguments of `celery worker` that they
// use, its addresses by environment, and in LEVERET_SMOKE_CONFIG what they change of Celery's settings.
import { parseArgs } from "node:util";
import type { Interceptor, TaskQueue } from "@leveret/celery-amqp";
import { createWorker, type CreateWorkerOptions, runWorker } from "@leveret/celery-amqp/worker";
import { Redis } from "ioredis";
import { redisResults } from "../../../src/index.ts";
import { suiteTasks } from "../tasks.ts";
import { smokeTasks } from "./tasks.ts";

/** The settings that the tests change, as far as a worker of ours has them. */
interface Settings {
  readonly result_backend?: string;
  readonly task_acks_late?: boolean;
  readonly task_default_exchange_type?: "direct" | "topic";
  readonly task_default_queue_type?: "classic" | "quorum";
  readonly task_default_routing_key?: string;
  readonly task_track_started?: boolean;
  readonly worker_cancel_long_running_tasks_on_connection_loss?: boolean;
  readonly worker_concurrency?: number;
  readonly worker_prefetch_multiplier?: number;
}

const { env } = process;
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    loglevel: { type: "string" },
    hostname: { type: "string", short: "n" },
    queues: { type: "string", short: "Q" },
    concurrency: { type: "string", short: "c" },
    pool: { type: "string", short: "P" },
  },
});
const settings = JSON.parse(env["LEVERET_SMOKE_CONFIG"] ?? "{}") as Settings;
const concurrency = Number(values.concurrency ?? settings.worker_concurrency ?? 2);
const prefetch = concurrency * (settings.worker_prefetch_multiplier ?? 4);
const redis = new Redis(Number(env["REDIS_PORT"]), env["REDIS_HOST"] ?? "");
const backend = env["CELERY_RESULT_BACKEND"] ?? settings.result_backend;

/** Prints the stamps of each task, as the suite's handler of a signal does. */
const stamps: Interceptor = {
  run: (task, next) => {
    const sorted = Object.fromEntries(
      Object.entries(task.stamps).toSorted(([left], [right]) => (left < right ? -1 : 1)),
    );
    process.stdout.write(
      `stamped_headers = ${task.stampedHeaders?.join()}\nstamps = ${JSON.stringify(sorted, null, 4)}\n`,
    );
    return next();
  },
};

const { task_acks_late: isLate = false, task_track_started: trackStarted = false } = settings;
const changed = { acks: isLate ? "late" : "early", trackStarted } as const;
const options: CreateWorkerOptions = {
  broker: (env["CELERY_BROKER_URL"] ?? "").split(";"),
  tasks: [...suiteTasks(redis), ...smokeTasks(changed)],
  name: values.hostname ?? "celery@%h",
  queues: (values.queues ?? "celery").split(",").map(queueOf),
  concurrency,
  results: resultsOf(backend),
  failUnfinishableChords: false,
  cancelOnConnectionLoss: settings.worker_cancel_long_running_tasks_on_connection_loss ?? false,
  interceptors: [stamps],
};
const worker = createWorker(options);
worker.on("stateChanged", ({ to }) => {
  // What the tests wait for.
  if (to === "running") process.stdout.write(`${worker.name} ready.\n`);
});
await runWorker(worker);
redis.disconnect();

/** How Celery declares a queue by these settings. */
function queueOf(name: string): TaskQueue {
  const { task_default_queue_type: type, task_default_exchange_type: exchangeType } = settings;
  const kind = type === undefined ? {} : { type };
  if (exchangeType !== "topic") return { name, prefetch, ...kind };
  return {
    name,
    prefetch,
    ...kind,
    exchange: name,
    exchangeType,
    routingKey: settings.task_default_routing_key ?? name,
  };
}

function resultsOf(address: string | undefined): NonNullable<CreateWorkerOptions["results"]> {
  if (address === undefined) return false;
  return address.startsWith("redis") ? redisResults(address, { extended: true }) : "rpc";
}
