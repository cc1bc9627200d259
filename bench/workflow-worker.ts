// Our worker of the suite `workflow`. Its arguments: addresses of broker and Redis, its queue.
import { createWorker } from "@leveret/celery-amqp/worker";
import { redisResults } from "@leveret/celery-redis";
import { same, total } from "./workflow-tasks.ts";

const [, , broker = "", redis = "", queue = ""] = process.argv;
const worker = createWorker({
  broker,
  tasks: [same, total],
  queues: [queue],
  defaultQueue: queue,
  concurrency: 100,
  results: redisResults(redis),
  logLevel: "error",
});
process.once("SIGTERM", () => void worker.stop());
await worker.start();
console.log("ready");
