import { expect, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../scripts/vitest/vhost.ts";
import { fuzzWireBroker } from "../fuzz/wire-broker.ts";

const COUNT = 600;
const scenes = brokersAtHand().flatMap((broker) => (["classic", "quorum"] as const).map((type) => ({ broker, type })));

test.for(scenes)(
  "headers of every kind end no connection, and every task runs once or is dead once ($type, $broker)",
  { timeout: 600_000 },
  async ({ broker, type }) => {
    const vhost = await freshVhost(broker);
    const { defects, published, refused, ran, dead } = await fuzzWireBroker(vhost.url, type, COUNT, 20_261_130);
    await vhost.remove();
    expect(defects).toEqual([]);
    expect(published + refused).toBe(COUNT);
    expect(ran).toBeGreaterThan(COUNT / 5);
    expect(dead).toBeGreaterThan(COUNT / 50);
  },
);
