import { type Given, optionalText, textOf } from "./arguments.ts";
import { type Command, ok } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import type { ConsumedQueue } from "./controls.ts";
import { PythonError } from "./python-error.ts";

// Commands about queues and slots. Celery replies before a change is done; here the reply contains a failure.
// Source: celery/worker/control.py; recorded replies.

/** Queues that commands may make a worker consume from: each is a consumer, and may be declared. */
const mostQueues = 256;

/** By name. */
export const consumers: Readonly<Record<string, Command>> = {
  add_consumer: {
    required: ["queue"],
    optional: ["exchange", "exchange_type", "routing_key"],
    run: async (given, worker) => {
      const queue = readQueue(given);
      if (worker.queues().length >= mostQueues)
        throw new PythonError("ValueError", `this worker consumes from ${mostQueues} queues at most`);
      await worker.controls.addConsumer(queue);
      return ok(`add consumer ${queue.name}`);
    },
  },
  cancel_consumer: {
    required: ["queue"],
    run: async (given, worker) => {
      const queue = textOf(given, "queue");
      await worker.controls.cancelConsumer(queue);
      return ok(`no longer consuming from ${queue}`);
    },
  },
  pool_grow: { optional: ["n"], run: (given, worker) => resize(worker, given, 1, "pool will grow") },
  pool_shrink: { optional: ["n"], run: (given, worker) => resize(worker, given, -1, "pool will shrink") },
  pool_restart: {
    optional: ["modules", "reload", "reloader"],
    run: () => {
      throw new PythonError("ValueError", "Pool restarts not enabled");
    },
  },
  autoscale: {
    optional: ["max", "min"],
    isStrict: true,
    run: () => {
      throw new PythonError("ValueError", "Autoscale not enabled");
    },
  },
};

const exchangeTypes = ["direct", "topic", "fanout"] as const;

function readQueue(given: Given): ConsumedQueue {
  const exchange = optionalText(given, "exchange");
  const type = optionalText(given, "exchange_type");
  const exchangeType = exchangeTypes.find((each) => each === type);
  if (type !== null && exchangeType === undefined)
    throw new PythonError("ValueError", `exchange_type must be one of ${exchangeTypes.join(", ")}`);
  const routingKey = given["routing_key"];
  return {
    name: textOf(given, "queue"),
    ...(exchange !== null && { exchange }),
    ...(exchangeType !== undefined && exchangeType !== "direct" && { exchangeType }),
    ...(typeof routingKey === "string" && { routingKey }),
  };
}

async function resize(worker: ControlledWorker, given: Given, direction: 1 | -1, done: string): Promise<object> {
  const n = given["n"] === undefined ? 1 : Number(given["n"]);
  if (!Number.isInteger(n) || n < 0) throw new PythonError("ValueError", "n must be an integer from 0");
  const { maxConcurrency } = worker;
  if (direction === 1 && worker.concurrency + n > maxConcurrency)
    throw new PythonError("ValueError", `the pool of this worker grows to ${maxConcurrency} at most`);
  await worker.controls.setConcurrency(worker.concurrency + direction * n);
  return ok(done);
}
