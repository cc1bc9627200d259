import { describe, expect, test } from "vitest";
import { intervalOf, takeToken, tokenAt } from "../../../src/worker/rules/rate.ts";

describe("a bucket of one token", () => {
  test.each([
    // freeAt, now, waited, next token
    { name: "never used", freeAt: 0, now: 1_000, waited: false, next: 1_100 },
    { name: "used up to now", freeAt: 1_000, now: 1_000, waited: false, next: 1_100 },
    { name: "long idle, no second one at once", freeAt: 500, now: 90_000, waited: false, next: 90_100 },
    { name: "waited for, timer in time", freeAt: 1_000, now: 1_000, waited: true, next: 1_100 },
    { name: "waited for, timer late", freeAt: 1_000, now: 1_007, waited: true, next: 1_100 },
    { name: "waited for, the loop stood still", freeAt: 1_000, now: 9_000, waited: true, next: 9_050 },
  ])("$name", ({ freeAt, now, waited, next }) => {
    expect(takeToken(freeAt, now, 100, waited)).toBe(next);
  });

  test.each([
    { name: "in reach", freeAt: 1_050, now: 1_000, at: 1_050 },
    { name: "there already", freeAt: 900, now: 1_000, at: 900 },
    { name: "further off than an interval, for the clock was set back", freeAt: 3_600_000, now: 1_000, at: 1_100 },
  ])("is awaited: $name", ({ freeAt, now, at }) => {
    expect(tokenAt(freeAt, now, 100)).toBe(at);
  });

  test.each([
    [10, 100],
    [1 / 60, 60_000],
    [2 / 3600, 1_800_000],
  ])("%d a second come every %d ms", (perSecond, ms) => {
    expect(intervalOf(perSecond)).toBeCloseTo(ms, 6);
  });
});
