import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { freshQueue } from "../interop/support/ours.ts";
import { BrokerStage } from "./broker-stage.ts";
import { everything, sample } from "./generate.ts";

// Random workflows on a real RabbitMQ that counts their chords: what the memory transport says of them is so.

const seed = 20_261_130;
const sizes = { distribution: { url: "amqpUrl", count: 60 }, newest: { url: "newestAmqpUrl", count: 20 } } as const;

describe.each(brokersAtHand())("on RabbitMQ alone (%s)", (broker) => {
  let stage: BrokerStage;

  beforeAll(() => {
    const queue = freshQueue("trees");
    const shared = { broker: inject(sizes[broker].url) ?? "", defaultQueue: queue, chords: "rabbitmq" } as const;
    stage = new BrokerStage({ client: shared, worker: { ...shared, queues: [queue] } });
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  test("workflows come to what they mean", async () => {
    const some = sample({ ...everything, most: 30 }, { count: sizes[broker].count, seed });
    expect(await stage.run(some)).toEqual([]);
  });
});
