import { describe, expect, test } from "vitest";
import { parseRate } from "../../src/time/rate.ts";

describe("a rate", () => {
  test.each([
    ["10/s", 10],
    ["10/m", 10 / 60],
    ["2/h", 2 / 3600],
    ["0.5/s", 0.5],
    [".5", 0.5],
    ["5.", 5],
    ["10", 10],
    ["10/", 10],
    [" 10 /m", 10 / 60],
    ["+3/s", 3],
    ["1e3", 1000],
    [7, 7],
    [0.25, 0.25],
    [0, null],
    ["0/m", null],
    ["", null],
    [null, null],
    [undefined, null],
  ])("%j is %j per second", (rate, perSecond) => {
    expect(parseRate(rate)).toBe(perSecond);
  });

  test.each(["10/d", "10/ m", "10//m", "/m", "x", "-1/s", "inf", "nan/s", "0x10", "1e999", -1, Number.NaN, Infinity])(
    "%j is refused",
    (rate) => {
      expect(() => parseRate(rate)).toThrow(expect.objectContaining({ code: "rate-invalid", fault: "local" }));
    },
  );
});
