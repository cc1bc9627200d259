import { expect, test } from "vitest";
import { Backoff } from "../../src/amqp/backoff.ts";

const limits = { minMs: 100, maxMs: 1000, stableMs: 5000 };
const ids = { uuid: () => "", random: () => 0.5 };

test("pauses are a random part of a limit that doubles up to the last", () => {
  const backoff = new Backoff(limits, ids);
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([50, 100, 200, 400, 500, 500]);
});

test("they begin anew after something held for a stable while, and only then", () => {
  const backoff = new Backoff(limits, ids);
  for (let attempt = 0; attempt < 4; attempt++) backoff.next();
  backoff.onHeld(4999);
  expect(backoff.next()).toBe(500);
  backoff.onHeld(5000);
  expect(backoff.next()).toBe(50);
});

test("a thousand failures do not overflow it", () => {
  const backoff = new Backoff(limits, ids);
  for (let attempt = 0; attempt < 2000; attempt++) backoff.next();
  expect(backoff.next()).toBe(500);
});
