// The worker that stands in for Python's in Celery's own integration suite. Its arguments are the addresses of broker and
// Redis and its node name.
import { runWorker } from "@leveret/celery-amqp/worker";
import { Redis } from "ioredis";
import { redisResults } from "../../src/index.ts";
import { suiteTasks } from "./tasks.ts";

const [, , broker, redisUrl = "", name = "celery@%h"] = process.argv;
const redis = new Redis(redisUrl);

await runWorker({
  broker,
  tasks: suiteTasks(redis),
  name,
  // Celery prefetches four times as much as it runs.
  queues: [{ name: "celery", prefetch: 4 }],
  concurrency: 1,
  // Chords that wait for ever in Celery 5.6 do so here, and those that failed keep their parts until they expire.
  failUnfinishableChords: process.env["LEVERET_SUITE_UNFINISHABLE"] === "fail",
  results: redisResults(redisUrl, { extended: true }),
});
redis.disconnect();
