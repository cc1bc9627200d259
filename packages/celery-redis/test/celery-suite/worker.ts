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
  // Celery prefetches four times as much: what expires in the queue is dropped by the broker, and nobody is told.
  queues: [{ name: "celery", prefetch: 4 }],
  concurrency: 1,
  // Chords that wait for ever in Celery do so here, and those that failed keep their parts until they expire.
  failUnfinishableChords: false,
  results: redisResults(redisUrl, { extended: true }),
});
redis.disconnect();
