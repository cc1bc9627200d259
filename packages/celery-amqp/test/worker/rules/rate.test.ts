import { describe, expect, test } from "vitest";
import { intervalOf, placeOf, takeToken, type TokenLine, tokenAt } from "../../../src/worker/rules/rate.ts";

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

describe("the place of a task that finds no token", () => {
  const minute = 60_000;
  const rows: readonly [string, Partial<TokenLine>, boolean, number | null, number?][] = [
    // what is so, line, comes back, until when in the broker, booked until
    ["nobody waits", {}, false, null],
    ["the line is ten minutes long", { waiting: 10 }, false, null],
    ["the line is longer", { waiting: 11 }, false, 10 * minute, 10 * minute],
    ["the line is full", { waiting: 3, isFull: true }, false, 3 * minute, 4 * minute],
    ["others in the broker come before", { bookedUntil: 8 * minute }, false, 8 * minute, 9 * minute],
    ["they come before the end of the line", { bookedUntil: 2 * minute, waiting: 2 }, false, null],
    ["so many come before that it will ask again", { bookedUntil: 11 * minute }, false, 10 * minute, 11 * minute],
    ["it comes back to a line with room", { bookedUntil: 60 * minute, waiting: 5 }, true, null],
    ["it comes back to a full line", { bookedUntil: 8 * minute, isFull: true }, true, 8 * minute, 9 * minute],
    [
      "it comes back, and the interval is an hour",
      { intervalMs: 60 * minute, freeAt: 50 * minute },
      true,
      10 * minute,
      10 * minute,
    ],
    ["the line is full and short", { intervalMs: 1, waiting: 1_000, isFull: true }, false, 1_000, 1_001],
  ];
  test.each(rows)("%s", (_name, line, isBack, until, bookedUntil) => {
    const place = placeOf(
      { waiting: 0, isFull: false, freeAt: 0, intervalMs: minute, bookedUntil: 0, ...line },
      0,
      isBack,
    );
    expect(place).toEqual(until === null ? { kind: "line" } : { kind: "broker", until, bookedUntil });
  });
});
