// A process that serves all queues until it is told to stop by SIGTERM, or killed.
import type { Logger } from "@leveret/celery-amqp";
import { createWorker, type CreateWorkerOptions, runWorker } from "@leveret/celery-amqp/worker";
import type { TaskMessage } from "@leveret/celery-protocol";
import { offend, watchChannels } from "./channels.ts";
import { type Order, patience, queues, readSetting } from "./orders.ts";
import { tasks } from "./tasks.ts";
import { endWithConductor, recordEnd, recordsHere } from "./witness.ts";

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

const worker = createWorker({
  tasks,
  broker: setting.urls,
  amqp: patience,
  queues: [queues.classic, { name: queues.quorum, type: "quorum" }, queues.volatile],
  ...running(setting.pool),
  grace: 5,
  name: `${setting.name}@%h`,
  logger: { debug: () => {}, info: logLine("info"), warn: logLine("warn"), error: logLine("error") },
});

worker.on("taskReceived", ({ task }) => {
  recordsHere().write({ type: "received", id: task.id, redelivered: wasRedelivered(task) });
});
process.on("message", (order: Order) => {
  if (order.do === "offend") offend(order.code, order.draw);
});
// The channel to the conductor must not keep a stopped worker alive, nor its end stop a working one.
process.channel?.unref();

await runWorker(worker);
recordEnd();

/** By the broker's word, or by the count that a message carries which a worker has published again. */
function wasRedelivered({ deliveryInfo, extraHeaders }: TaskMessage): boolean {
  return deliveryInfo?.redelivered === true || Number(extraHeaders["x-leveret-redeliveries"] ?? 0) > 0;
}
