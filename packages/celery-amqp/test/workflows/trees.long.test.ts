import { randomInt } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { freshQueue } from "../interop/support/ours.ts";
import { BrokerStage } from "./broker-stage.ts";
import { everything, sample, trees } from "./generate.ts";
import { counters, MemoryStage } from "./memory-stage.ts";

const seed = randomInt(2 ** 31);
console.log(`random workflows of seed ${seed}`);

describe.each(counters)("with chords counted by %s", (counter) => {
  test.each([
    ["small", 20_000, 20],
    ["large", 5_000, 120],
  ])("a %s workflow comes to what it means", async (_size, numRuns, most) => {
    await using stage = new MemoryStage(counter);
    const property = fc.asyncProperty(trees({ ...everything, most }), async (tree) => {
      expect(await stage.wrongOf(tree)).toEqual([]);
    });
    await fc.assert(property, { numRuns, seed });
  });
});

test.each(brokersAtHand())("workflows come to what they mean on RabbitMQ alone (%s)", async (broker) => {
  const queue = freshQueue("trees");
  const url = inject(broker === "newest" ? "newestAmqpUrl" : "amqpUrl") ?? "";
  const shared = { broker: url, defaultQueue: queue, chords: "rabbitmq" } as const;
  await using stage = new BrokerStage({ client: shared, worker: { ...shared, queues: [queue] } });
  for (let round = 0; round < 20; round += 1)
    expect(await stage.run(sample({ ...everything, most: 60 }, { count: 50, seed: seed + round }))).toEqual([]);
});
