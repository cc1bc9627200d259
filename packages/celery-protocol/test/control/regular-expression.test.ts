import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesRegularExpression } from "../../src/control/regular-expression.ts";
import { ProtocolError } from "../../src/wire/errors.ts";

function isAnswerOrRefusal(match: () => unknown): boolean {
  try {
    return typeof match() === "boolean";
  } catch (error) {
    return error instanceof ProtocolError;
  }
}

describe("a regular expression", () => {
  // Every row as Python's re.match answers.
  test.each([
    ["w1@lab", "w1", true],
    ["w1@lab", "lab", false],
    ["w1@lab", ".*@lab$", true],
    ["w1@lab", "w[0-9]+@", true],
    ["w12@lab", "^w\\d{2}@", true],
    ["w1@lab", "^w\\d{2}@", false],
    ["w1@lab", "w\\d{,3}@", true],
    ["w1234@lab", "w\\d{2,3}@", false],
    ["w1234@lab", "w\\d{2,}@", true],
    ["w1@lab", "(web|w\\d)@", true],
    ["web@lab", "(?:web|w\\d)@(?P<host>.+)\\Z", true],
    ["w@lab", "w?w@", true],
    ["w@lab", "w??@", true],
    ["", "", true],
    ["a", "", true],
    ["", "a", false],
    ["a", "a|", true],
    ["b", "(a|)b", true],
    ["a-b", "a\\-b", true],
    ["a\nb", "a.b", false],
    ["a\n", "a$", true],
    ["a\n", "a\\Z", false],
    ["a\nb", "a$", false],
    ["ab", "a\\Bb", true],
    ["a b", "a\\b b", true],
    ["a b", "\\Aa\\sb", true],
    ["ab", "\\w\\S", true],
    ["é٣", "\\w\\d", true],
    ["a1", "\\D\\W", false],
    ["\t\n\r\f\v", "\\t\\n\\r\\f\\v", true],
    ["a{", "a{", true],
    ["a{}", "a{}", true],
    ["]", "[]]", true],
    ["b", "[^a]", true],
    ["a", "[^a]", false],
    ["-", "[a-]", true],
    ["5", "[a\\d]", true],
    ["\\", "[\\\\]", true],
    ["d", "[a\\-e]", false],
    ["ab", "(a*)*b", true],
    ["aaab", "(a+)+b", true],
    ["x", "(((((x)))))", true],
    ["😀", "^.$", true],
  ])("%j starts with %j: %s", (text, pattern, expected) => {
    expect(matchesRegularExpression(text, pattern)).toBe(expected);
  });

  test.each([
    ["a(", "not closed"],
    ["a)", "never opened"],
    ["[a", "ends in the middle"],
    ["a\\", "ends in the middle"],
    ["*a", "nothing to repeat"],
    ["{2}", "nothing to repeat"],
    ["^*", "nothing to repeat"],
    ["a**", "repeats a repeat"],
    ["a*+", "repeats a repeat"],
    ["a{2}{3}", "repeats a repeat"],
    ["a{3,2}", "ends below its start"],
    ["[b-a]", "ends below its start"],
    ["(a)\\1", "is not understood"],
    ["\\q", "is not understood"],
    ["(?=a)", "of groups"],
    ["(?i)a", "of groups"],
    ["(?P<1>a)", "of groups"],
    ["(".repeat(51) + ")".repeat(51), "are nested"],
    ["a".repeat(4097), "longer than"],
    ["(a{1000}){1000}", "steps"],
    ["(){99999999999}", "steps"],
    ["((a?){99}){99}", "steps"],
  ])("%j is refused: %s", (pattern, reason) => {
    expect(() => matchesRegularExpression("a", pattern)).toThrow(
      expect.objectContaining({
        code: "message-invalid",
        fault: "remote",
        message: expect.stringContaining(reason) as unknown,
      }),
    );
  });

  test.each(["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*$", "(a?){50}a{50}$", `${"a?".repeat(200)}${"a".repeat(200)}$`])(
    "%s does not hang",
    (pattern) => {
      const started = performance.now();
      matchesRegularExpression(`${"a".repeat(255)}!`, pattern);
      expect(performance.now() - started).toBeLessThan(20_000);
    },
  );

  test("answers or refuses, and nothing else", () => {
    const pattern = fc.string({ unit: fc.constantFrom(...Array.from("ab1.|()[]^$*+?{},\\dwP<>:=")), maxLength: 30 });
    fc.assert(
      fc.property(fc.string(), fc.oneof(pattern, fc.string({ unit: "binary" })), (text, hostile) => {
        expect(isAnswerOrRefusal(() => matchesRegularExpression(text, hostile))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
