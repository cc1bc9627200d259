import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freshQueue } from "../../celery-amqp/test/interop/support/ours.ts";
import { BrokerStage } from "../../celery-amqp/test/workflows/broker-stage.ts";
import { everything, sample } from "../../celery-amqp/test/workflows/generate.ts";
import { redisResults } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";

// Random workflows on a real RabbitMQ, their chords counted by a real Redis.

const seed = 20_261_130;
const queue = freshQueue("trees");
let stage: BrokerStage;

beforeAll(() => {
  const keyPrefix = randomUUID();
  const shared = () => ({
    broker: inject("amqpUrl"),
    defaultQueue: queue,
    results: redisResults(redisUrl(), { keyPrefix }),
  });
  stage = new BrokerStage({ client: shared(), worker: { ...shared(), queues: [queue] } });
});

afterAll(() => stage[Symbol.asyncDispose]());

test("workflows come to what they mean with results on Redis", async () => {
  const some = sample({ ...everything, most: 30 }, { count: 60, seed });
  expect(await stage.run(some)).toEqual([]);
});
