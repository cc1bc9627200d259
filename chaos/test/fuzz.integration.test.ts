import { expect, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../scripts/vitest/vhost.ts";
import { fuzzBroker } from "../fuzz/broker.ts";
import { loadSeeds } from "../fuzz/seeds.ts";

const COUNT = 1_500;

test.for(brokersAtHand())(
  "broken messages over RabbitMQ (%s) are settled once, the good ones between them run",
  { timeout: 600_000 },
  async (broker) => {
    const vhost = await freshVhost(broker);
    const seed = 20_261_124;
    const { defects, published, unwritable, delivered, good } = await fuzzBroker(vhost.url, loadSeeds(), COUNT, seed);
    await vhost.remove();
    expect(defects).toEqual([]);
    expect(published).toBeGreaterThan(COUNT * 0.8);
    expect(published + unwritable).toBe(COUNT);
    expect(delivered).toBeGreaterThanOrEqual(published + good);
  },
);
