import { createWorker, runWorker } from "@leveret/celery-amqp/worker";
import * as tasks from "./tasks.ts";

// A worker as a program of its own: what signals and deaths do to its children is seen from outside.

const [broker = "", queue = ""] = process.argv.slice(2);
const worker = createWorker({
  broker,
  tasks: [tasks.spin, tasks.whoami],
  queues: [queue],
  concurrency: 1,
  pool: { kind: "processes", module: new URL("./tasks.ts", import.meta.url) },
});
await runWorker(worker);
