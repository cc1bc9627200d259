import { describe, expect, test } from "vitest";
import { MAX_TOKENS, MAX_YAML_DEPTH } from "../../src/yaml/parse.ts";
import { yaml } from "../../src/yaml/yaml.ts";
import { codeOf } from "../support/code-of.ts";
import { utf8 } from "../support/recorded.ts";

function answer(content: string): string {
  return codeOf(() => yaml.decode(utf8(content)));
}

/** Each line names what repeats the line before. */
function laughs(line: (index: number) => string, lines: number): string {
  return Array.from({ length: lines }, (_, index) => line(index)).join("");
}

function mention(index: number, count: number): string {
  return Array.from({ length: count }, () => (index === 0 ? "lol" : `*a${index - 1}`)).join(", ");
}

function mergeTwice(index: number): string {
  return index === 0 ? "a0: &a0 {}\n" : `a${index}: &a${index}\n  <<: [*a${index - 1}, *a${index - 1}]\n`;
}

function mergeOnce(index: number): string {
  return index === 0 ? "a0: &a0 {k: v}\n" : `a${index}: &a${index} {<<: *a${index - 1}, k${index}: v}\n`;
}

describe("hostile YAML gets an error in bounded time", () => {
  test.each([
    ["a billion laughs", laughs((index) => `a${index}: &a${index} [${mention(index, 10)}]\n`, 10), "too-large"],
    [
      "a billion laughs in keys",
      laughs((index) => `- &a${index} {${index}: [${mention(index, 10)}]}\n`, 10),
      "too-large",
    ],
    ["merges that double", laughs(mergeTwice, 60), "too-large"],
    ["a long chain of merges", laughs(mergeOnce, 450), "too-large"],
    ["a chain of merges longer than allowed to nest", laughs(mergeOnce, 3000), "too-large"],
    ["a list that holds itself", "&a [*a]", "decode-failed"],
    ["a map that merges itself", "&a {<<: *a}", "decode-failed"],
    ["brackets that nest too deep", "[".repeat(200_000), "too-deep"],
    ["closed brackets that nest too deep", "[".repeat(3000) + "]".repeat(3000), "too-deep"],
    ["dashes that nest too deep", `${"- ".repeat(3000)}a`, "too-deep"],
    ["braces that nest too deep", "{a: ".repeat(3000), "too-deep"],
    ["aliases that nest too deep", laughs((index) => `- &a${index} [${mention(index, 1)}]\n`, 5000), "too-large"],
    ["more tokens than are held in memory", "-\n".repeat(MAX_TOKENS), "too-large"],
    ["a great many errors", "[]\n".repeat(MAX_TOKENS), "decode-failed"],
    ["an integer of many digits", "9".repeat(100_000), "decode-failed"],
    ["an integer of many sexagesimal digits", `1${":00".repeat(100_000)}`, "decode-failed"],
    ["a tag of one's own", "!!python/object/apply:os.system ['true']", "type-unknown"],
  ])("%s", (_name, content, expected) => {
    expect(answer(content)).toBe(expected);
  });

  test("bytes that are no UTF-8", () => {
    expect(codeOf(() => yaml.decode(Uint8Array.of(0xff, 0xfe, 0x31)))).toBe("decode-failed");
  });

  test("a great many equal keys take time in proportion", () => {
    expect(answer("a: 1\n".repeat(20_000))).toBe("ok");
  });

  test("a great many aliases of one small value are read", () => {
    expect(answer(`- &a 2024-05-06 07:08:09\n${"- *a\n".repeat(20_000)}`)).toBe("ok");
  });

  test("as many levels as allowed are read", () => {
    expect(answer("[".repeat(MAX_YAML_DEPTH) + "]".repeat(MAX_YAML_DEPTH))).toBe("ok");
    expect(answer(`${"- ".repeat(MAX_YAML_DEPTH)}a`)).toBe("ok");
  });
});
