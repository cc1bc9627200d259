// A worker to be killed, whose tasks make up a chord. Its arguments are the addresses of broker and Redis.
import { setTimeout as pause } from "node:timers/promises";
import { defineTask } from "@leveret/celery-amqp";
import { runWorker } from "@leveret/celery-amqp/worker";
import { Redis } from "ioredis";
import { redisResults } from "../../src/index.ts";

const [, , broker, redisUrl = ""] = process.argv;
const redis = new Redis(redisUrl);

const member = defineTask("killed.member", async (_ctx, place: number) => {
  await pause(50);
  return place;
});
const body = defineTask("killed.body", async (ctx, places: readonly number[]) => {
  await redis.incr(`bodies-${ctx.id}`);
  return places;
});

await runWorker({
  broker,
  tasks: [member, body],
  concurrency: 4,
  results: redisResults(redisUrl),
  logLevel: "error",
});
redis.disconnect();
