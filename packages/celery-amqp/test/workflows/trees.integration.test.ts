import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freshQueue } from "../interop/support/ours.ts";
import { BrokerStage } from "./broker-stage.ts";
import { everything, sample } from "./generate.ts";

// Random workflows on a real RabbitMQ that counts their chords: what the memory transport says of them is so.

const seed = 20_261_130;
const queue = freshQueue("trees");
let stage: BrokerStage;

beforeAll(() => {
  const shared = { broker: inject("amqpUrl"), defaultQueue: queue, chords: "rabbitmq" } as const;
  stage = new BrokerStage({ client: shared, worker: { ...shared, queues: [queue] } });
});

afterAll(() => stage[Symbol.asyncDispose]());

test("workflows come to what they mean on RabbitMQ alone", async () => {
  const some = sample({ ...everything, most: 30 }, { count: 60, seed });
  expect(await stage.run(some)).toEqual([]);
});
