import { describe, expect, test } from "vitest";
import { isAddressed } from "../../src/control/addressed.ts";

describe("a request is for a worker", () => {
  test.each([
    [null, null, null, true],
    [[], null, null, true],
    [["w1@lab"], null, null, true],
    [["w2@lab", "w1@lab"], null, null, true],
    [["w2@lab"], null, null, false],
    [["w2@lab"], "w*", "glob", false],
    [null, "w*@lab", "glob", true],
    [null, "x*", "glob", false],
    [null, "w\\d@", "pcre", true],
    [null, "lab", "pcre", false],
    [null, "x*", null, true],
    [null, null, "glob", true],
    [null, "", "glob", true],
  ] as const)("destination %j, pattern %j by %j: %s", (destination, pattern, matcher, expected) => {
    expect(isAddressed({ destination, pattern, matcher }, "w1@lab")).toBe(expected);
  });

  test("an unknown matcher is refused by name", () => {
    expect(() => isAddressed({ destination: null, pattern: "w", matcher: "soundex" }, "w1@lab")).toThrow(
      expect.objectContaining({ code: "message-invalid", message: expect.stringContaining("soundex") as unknown }),
    );
  });
});
