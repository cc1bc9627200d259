import { randomInt, randomUUID } from "node:crypto";
import { describe, expect, inject, test } from "vitest";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue } from "../../celery-amqp/test/interop/support/ours.ts";
import { BrokerStage } from "../../celery-amqp/test/workflows/broker-stage.ts";
import { everything, sample } from "../../celery-amqp/test/workflows/generate.ts";
import { redisResults } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";
import { calm, isSentWhole, plain, TreeFleet } from "./support/tree-fleet.ts";

const seed = randomInt(2 ** 31);
console.log(`random workflows of seed ${seed}`);

test("workflows come to what they mean with results on Redis", async () => {
  const [queue, keyPrefix] = [freshQueue("trees"), randomUUID()];
  const results = () => redisResults(redisUrl(), { keyPrefix });
  const shared = () => ({ broker: inject("amqpUrl"), defaultQueue: queue, results: results() });
  await using stage = new BrokerStage({ client: shared(), worker: { ...shared(), queues: [queue] } });
  for (let round = 0; round < 20; round += 1)
    expect(await stage.run(sample({ ...everything, most: 60 }, { count: 50, seed: seed + round }))).toEqual([]);
});

for (const pairing of pairings()) {
  describe.skipIf(pairing.absent)(`workflows with ${pairing.label}`, () => {
    test("come to what they mean in a mixed fleet", async () => {
      await using fleet = new TreeFleet(pairing);
      await fleet.ready();
      await using stage = fleet.mixed();
      for (let round = 0; round < 10; round += 1)
        expect(await stage.run(sample(calm, { count: 40, seed: seed + round }))).toEqual([]);
    });

    test("come to what they mean when Python sends them", async () => {
      await using fleet = new TreeFleet(pairing);
      await fleet.ready();
      await using stage = fleet.sentByPython();
      for (let round = 0; round < 10; round += 1)
        expect(await stage.run(sample(plain, { count: 40, seed: seed + round }).filter(isSentWhole))).toEqual([]);
    });
  });
}
