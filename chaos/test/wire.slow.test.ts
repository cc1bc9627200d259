import { expect, test } from "vitest";
import { createWireHeaders } from "../fuzz/wire-headers.ts";
import { fuzzWire } from "../fuzz/wire.ts";
import { createRandom } from "../programs/random.ts";

const COUNT = 20_000;

test("the same seed makes the same headers", () => {
  const make = (seed: number) => {
    const headers = createWireHeaders(createRandom(seed));
    return Array.from({ length: 200 }, () => headers());
  };
  expect(make(1)).toEqual(make(1));
  expect(make(1)).not.toEqual(make(2));
});

test("whatever headers come, each message is delivered once, read rightly or named", { timeout: 120_000 }, async () => {
  const { read, unreadable, defects } = await fuzzWire(COUNT, 20_261_130);
  expect(defects).toEqual([]);
  expect(read + unreadable).toBe(COUNT);
  expect(Math.min(read, unreadable)).toBeGreaterThan(COUNT / 10);
});
