// A process that serves all queues until it is told to stop by SIGTERM, or killed.
import type { Logger } from "@leveret/celery-amqp";
import { createWorker, runWorker } from "@leveret/celery-amqp/worker";
import { offend, watchChannels } from "./channels.ts";
import { type Order, patience, queues, readSetting } from "./orders.ts";
import { tasks } from "./tasks.ts";
import { recordEnd, recordFaults, recordsHere } from "./witness.ts";

const setting = readSetting();
watchChannels();
recordFaults();

function logLine(level: string): Logger["info"] {
  return (message, fields = {}) => {
    console.error(new Date().toISOString(), level, message, JSON.stringify(fields));
    const count = fields["sentAgain"];
    if (typeof count === "number") recordsHere().write({ type: "resending", count });
  };
}

const worker = createWorker({
  tasks,
  broker: setting.urls,
  amqp: patience,
  queues: [queues.classic, { name: queues.quorum, type: "quorum" }, queues.volatile],
  concurrency: 20,
  grace: 5,
  name: `${setting.name}@%h`,
  logger: { debug: () => {}, info: logLine("info"), warn: logLine("warn"), error: logLine("error") },
});

worker.on("taskReceived", ({ task }) => {
  recordsHere().write({ type: "received", id: task.id, redelivered: task.deliveryInfo?.redelivered ?? false });
});
process.on("message", (order: Order) => {
  if (order.do === "offend") offend(order.code, order.draw);
});
// The channel to the conductor must not keep a stopped worker alive, nor its end stop a working one.
process.channel?.unref();

await runWorker(worker);
recordEnd();
