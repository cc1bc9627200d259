import { expect, test } from "vitest";
import { fuzzCanvas } from "../fuzz/canvas-budget.ts";
import { CanvasFuzz } from "../fuzz/canvas.ts";
import { createRandom } from "../programs/random.ts";

const COUNT = 150;

test("the same seed makes the same canvases", () => {
  const make = (seed: number) => {
    const fuzz = new CanvasFuzz(createRandom(seed));
    return Array.from({ length: 50 }, () => fuzz.message());
  };
  expect(make(1)).toEqual(make(1));
  expect(make(1)).not.toEqual(make(2));
});

test("whatever a canvas holds, what it causes stays within the budget", { timeout: 300_000 }, async () => {
  const { defects, delivered, acked, rejected, good, dead, mostMessages } = await fuzzCanvas(COUNT, 20_261_130);
  expect(defects).toEqual([]);
  expect(good).toBeGreaterThan(COUNT * 0.9);
  expect(acked + rejected).toBe(delivered);
  expect(delivered).toBeGreaterThan(COUNT * 2);
  expect(dead).toBeGreaterThan(COUNT / 10);
  expect(mostMessages).toBeGreaterThan(200);
});
