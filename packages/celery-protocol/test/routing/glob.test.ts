import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesGlob } from "../../src/routing/glob.ts";

describe("a shell pattern", () => {
  // Every row as Python's fnmatch.fnmatchcase answers.
  test.each([
    ["w1@lab", "w*@lab", true],
    ["w1@lab", "w?@lab", true],
    ["w1@lab", "W1@lab", false],
    ["w1@lab", "w1", false],
    ["w1@lab", "*", true],
    ["", "*", true],
    ["", "", true],
    ["", "?", false],
    ["abc", "a*c*", true],
    ["abc", "**c", true],
    ["aXbXc", "a*b*c", true],
    ["aXbX", "a*b*c", false],
    ["b", "[abc]", true],
    ["d", "[abc]", false],
    ["d", "[!abc]", true],
    ["a", "[!abc]", false],
    ["m", "[a-z]", true],
    ["-", "[a-z]", false],
    ["-", "[a-]", true],
    ["-", "[-a]", true],
    ["-", "[a-c-e]", true],
    ["d", "[a-c-e]", false],
    ["e", "[a-c-e]", true],
    ["]", "[]]", true],
    ["]", "[!]]", false],
    ["a", "[!]]", true],
    ["[", "[[]", true],
    ["[a", "[a", true],
    ["[", "[", true],
    ["[]", "[]", true],
    ["m", "[z-a]", false],
    ["m", "[!z-a]", true],
    ["!", "[a!]", true],
    ["^", "[^a]", true],
    ["a\nb", "a*b", true],
    ["a.b", "a.b", true],
    ["axb", "a.b", false],
    ["😀", "?", true],
    ["😀", "[😀-😃]", true],
    ["\\", "[\\]", true],
  ])("%j fits %j: %s", (text, pattern, expected) => {
    expect(matchesGlob(text, pattern)).toBe(expected);
  });

  test("without special characters fits only itself", () => {
    const plain = fc.stringMatching(/^[a-z@.-]*$/);
    fc.assert(
      fc.property(plain, plain, (text, pattern) => {
        expect(matchesGlob(text, pattern)).toBe(text === pattern);
      }),
    );
  });

  test("with a star fits whatever stands in its place", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z]*$/),
        fc.string(),
        fc.stringMatching(/^[a-z]*$/),
        (before, between, after) => {
          expect(matchesGlob(before + between + after, `${before}*${after}`)).toBe(true);
        },
      ),
    );
  });

  test("takes no longer for being hostile", () => {
    const started = performance.now();
    expect(matchesGlob("a".repeat(255), `${"*a".repeat(1000)}b`)).toBe(false);
    expect(matchesGlob("a".repeat(255), "*".repeat(4097))).toBe(false);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
