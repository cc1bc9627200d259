import { describe, expect, test } from "vitest";
import { durationMs } from "../../src/ports/duration.ts";

describe("a duration", () => {
  test.each([
    [0, 0],
    [1, 1_000],
    [0.25, 250],
    [90, 90_000],
    ["0s", 0],
    ["250ms", 250],
    ["10s", 10_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["0.0004s", 0],
  ] as const)("%j is %i ms", (written, ms) => {
    expect(durationMs(written, "timeout")).toBe(ms);
  });

  test.each([
    "",
    "10",
    "s",
    "-1s",
    "1 s",
    "1S",
    "1e3s",
    "0x10s",
    "1w",
    "Infinitys",
    " 1s",
    "1s\n",
    -1,
    Infinity,
    NaN,
    1e300,
  ])("%j is none", (written) => {
    const refusal = {
      name: "CeleryError",
      code: "option-invalid",
      message: expect.stringMatching(/^Invalid duration: timeout \(.*"10s"/),
    };
    expect(() => durationMs(written as never, "timeout")).toThrow(expect.objectContaining(refusal));
  });

  test.each([null, undefined, {}, [], true, 5n, new Date()])("%s is none either", (written) => {
    expect(() => durationMs(written as never, "timeout")).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});
