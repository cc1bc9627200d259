import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adjustClock, forwardClock } from "../../src/event/clock.ts";

describe("the Lamport clock", () => {
  test("counts what is sent", () => {
    expect(forwardClock(0)).toBe(1);
  });

  test.each([
    [5, 3, 6],
    [3, 5, 6],
    [3, 3, 4],
    [3, undefined, 4],
    [3, null, 4],
    [3, "9", 4],
    [3, -9, 4],
    [3, 9.5, 4],
    [3, Number.NaN, 4],
    [3, Infinity, 4],
    [3, 2 ** 53, 4],
    [3, 9n, 4],
  ])("at %s hears %s and stands at %s", (own, theirs, after) => {
    expect(adjustClock(own, theirs)).toBe(after);
  });

  test("never goes back, whatever it hears", () => {
    fc.assert(
      fc.property(fc.nat(), fc.anything(), (own, theirs) => {
        expect(adjustClock(own, theirs)).toBeGreaterThan(own);
      }),
    );
  });
});
