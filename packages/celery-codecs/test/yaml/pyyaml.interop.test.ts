import { execFileSync } from "node:child_process";
import type { Tree } from "@leveret/celery-protocol";
import * as fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { yaml } from "../../src/yaml/yaml.ts";
import { yamlTree } from "../support/arbitrary-tree.ts";
import { fixtureRows, jsonOf, text, treeOf } from "../support/recorded.ts";

const peer = inject("peers").latestCelery;
const python = "path" in peer ? peer.path : "";

/** Reads documents as kombu does and writes what they are as kombu's JSON, with sorted keys. */
const program = `
import json, sys
from kombu.serialization import loads
from kombu.utils.json import dumps
for line in sys.stdin:
    value = loads(json.loads(line), "application/x-yaml", "utf-8", accept=["application/x-yaml"])
    print(dumps(value, sort_keys=True))
`;

/** Strings that some reader of YAML takes for another type, or for a mark. */
const odd: readonly string[] = [
  // Words and numbers, each between spaces.
  ..."0o7 017 0x1f 0b1 1_000 1:20:30 1e3 1.0e+3 .5 +1 -0 .inf .NaN Infinity y N yes Off TRUE ~ null Null".split(" "),
  ..."= << ! &a *a % @ ` | > 2024-05-06 2024-05-06T07:08:09Z --- ... # {} [] {a} [a, , a,b ' \" \\ __proto__".split(
    " ",
  ),
  ..."- a|? a|a: b|a #b| | a|a |2024-05-06 07:08:09|\\u0041|\\x41|\n|a\n|\na|a\nb|a \n b|\t|\r\n".split("|"),
  ...Array.from("\0\u0007\u001b\u007f\u0085\u00a0\u00e9\u2028\u2029\ufeff\ufffe\uffff\u{1f600}\u{10ffff}"),
  "",
  "a".repeat(200),
  "a ".repeat(100),
];

/** What PyYAML makes of trees that are written here. */
function asRead(trees: readonly Tree[]): readonly Tree[] {
  const input = trees.map((tree) => JSON.stringify(text(yaml.encode(tree)))).join("\n");
  const output = execFileSync(python, ["-c", program], { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return output.trimEnd().split("\n").map(treeOf);
}

/** The same trees by way of kombu's JSON. */
function asSent(trees: readonly Tree[]): readonly Tree[] {
  return trees.map((tree) => treeOf(jsonOf(tree)));
}

describe.skipIf("missing" in peer)("PyYAML reads", () => {
  test("what was recorded of its own writer, written here", () => {
    const rows = fixtureRows("pyyaml-dump") as readonly { readonly json: string }[];
    const trees = rows.map(({ json }) => treeOf(json));
    expect(asRead(trees)).toStrictEqual(asSent(trees));
  });

  test("strings that look like other types as strings, also as keys and inside of lists", () => {
    const trees = odd.flatMap((each) => [each, [each, each], { [each]: each }, { a: [{ [each]: [each] }] }]);
    expect(asRead(trees)).toStrictEqual(asSent(trees));
  });

  test("keys of every length", () => {
    const keys = [1, 120, 998, 999, 1_022, 1_023, 1_024, 5_000].map((length) => "k".repeat(length));
    const trees = [...keys, "\u{1f600}".repeat(99), "\u{1f600}".repeat(100)].map((key) => ({ [key]: [1], a: key }));
    expect(asRead(trees)).toStrictEqual(asSent(trees));
  });

  test("every tree", () => {
    const trees = fc.sample(yamlTree, { numRuns: 1_000, seed: 20_261_130 });
    expect(asRead(trees)).toStrictEqual(asSent(trees));
  });
});
