import * as fc from "fast-check";
import { ProtocolError } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { isAddressed } from "../../../src/worker/control/addressed.ts";

function byExpression(nodeName: string, pattern: string): Promise<boolean> {
  return isAddressed({ destination: null, pattern, matcher: "pcre" }, nodeName);
}

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
  ] as const)("destination %j, pattern %j by %j: %s", async (destination, pattern, matcher, expected) => {
    expect(await isAddressed({ destination, pattern, matcher }, "w1@lab")).toBe(expected);
  });

  test("an unknown matcher is refused by name", async () => {
    await expect(isAddressed({ destination: null, pattern: "w", matcher: "soundex" }, "w1@lab")).rejects.toMatchObject({
      code: "message-invalid",
      message: expect.stringContaining("soundex") as unknown,
    });
  });
});

describe("a regular expression", () => {
  // Every row as Python's re.match answers.
  test.each([
    ["w1@lab", "w1", true],
    ["w1@lab", "lab", false],
    ["w1@lab", ".*@lab$", true],
    ["w1@lab", "w[0-9]+@", true],
    ["w12@lab", "^w\\d{2}@", true],
    ["w1@lab", "^w\\d{2}@", false],
    ["w1234@lab", "w\\d{2,3}@", false],
    ["w1234@lab", "w\\d{2,}@", true],
    ["w1@lab", "(web|w\\d)@", true],
    ["web@lab", "(?:web|w\\d)@(?P<host>.+)$", true],
    ["WEB@lab", "(?i)web@", true],
    ["w@lab", "w??@", true],
    ["a", "a|", true],
    ["a-b", "a\\-b", true],
    ["a b", "\\Aa\\b b", true],
    ["ab", "a\\Bb", true],
    ["a1", "\\D\\W", false],
    ["a{}", "a{}", true],
    ["]", "[]]", true],
    ["a", "[^a]", false],
    ["5", "[a\\d]", true],
    ["aaab", "(a+)+b", true],
    ["😀", "^.$", true],
  ])("%j starts with %j: %s", async (nodeName, pattern, expected) => {
    expect(await byExpression(nodeName, pattern)).toBe(expected);
  });

  test.each([
    "a(",
    "a)",
    "[a",
    "a\\",
    "*a",
    "a**",
    "a{3,2}",
    "[b-a]",
    "(a)\\1",
    "\\q",
    "(?=a)",
    "(a{999}){999}",
    "()".repeat(129),
  ])("%j is refused", async (pattern) => {
    await expect(byExpression("a", pattern)).rejects.toMatchObject({ code: "message-invalid", fault: "remote" });
  });

  test.each(["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*$", "(a?){50}a{50}$", "(((a{1,10}){1,10}){1,10})".repeat(10)])(
    "%s does not hang",
    async (pattern) => {
      const started = performance.now();
      await byExpression(`${"a".repeat(255)}!`, pattern);
      expect(performance.now() - started).toBeLessThan(20_000);
    },
  );

  test("answers or refuses, and nothing else", async () => {
    const pattern = fc.string({ unit: fc.constantFrom(...Array.from("ab1.|()[]^$*+?{},\\dwP<>:=")), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.oneof(pattern, fc.string({ unit: "binary" })), async (nodeName, hostile) => {
        const answer = await byExpression(nodeName, hostile).catch((error: unknown) => error);
        expect(typeof answer === "boolean" || answer instanceof ProtocolError).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
