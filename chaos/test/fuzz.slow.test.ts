import { expect, test } from "vitest";
import { fuzzDecode } from "../fuzz/decode.ts";
import { mutate } from "../fuzz/mutate.ts";
import { fuzzPipeline } from "../fuzz/pipeline.ts";
import { loadSeeds } from "../fuzz/seeds.ts";
import { createRandom } from "../programs/random.ts";

const seeds = loadSeeds();
const COUNT = 8_000;

test("the same seed makes the same messages", () => {
  const make = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 200 }, () => mutate(seeds, random));
  };
  expect(make(1)).toEqual(make(1));
  expect(make(1)).not.toEqual(make(2));
});

test("the seeds are left as they were", () => {
  const before = structuredClone(seeds.slice(0, 50));
  const random = createRandom(3);
  for (let left = 500; left > 0; left -= 1) mutate(seeds.slice(0, 50), random);
  expect(seeds.slice(0, 50)).toEqual(before);
});

test("whatever a message holds, it is decoded or refused, and settled once", { timeout: 120_000 }, async () => {
  const { decoded, refused, defects } = await fuzzDecode(seeds, COUNT, 20_261_122);
  expect(defects).toEqual([]);
  expect(decoded + refused).toBe(COUNT);
  expect(Math.min(decoded, refused)).toBeGreaterThan(COUNT / 10);
});

test("a worker settles each once, and runs the good ones between them", { timeout: 120_000 }, async () => {
  const { defects, delivered, acked, rejected, dead, results, good } = await fuzzPipeline(seeds, COUNT, 20_261_123);
  expect(defects).toEqual([]);
  expect(delivered).toBeGreaterThanOrEqual(COUNT + good);
  expect(acked + rejected).toBe(delivered);
  expect(Math.min(dead, results)).toBeGreaterThan(COUNT / 10);
});
