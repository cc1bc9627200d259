import * as fc from "fast-check";
import { expect, test } from "vitest";
import { json } from "../../src/content/json.ts";
import { Float } from "../../src/content/lossless.ts";
import { readJson } from "../../src/content/json-read.ts";
import { writeJson } from "../../src/content/json-write.ts";
import { outcome } from "../support/outcome.ts";
import { trees } from "../support/trees.ts";

const ANSWERS = ["fine", "decode-failed", "type-unknown"];

/** Zeros and nines more often than the rest, for they are what rounds away. */
const DIGIT = fc.constantFrom("0", "0", "9", "9", "1", "2", "3", "4", "5", "6", "7", "8");
const digits = (maxLength: number) => fc.string({ unit: DIGIT, minLength: 1, maxLength });

const write = (value: unknown) => writeJson(value, { allowNaN: false });

test("what is written reads back as the same tree", () => {
  fc.assert(
    fc.property(trees, (tree) => {
      expect(json.decode(json.encode(tree))).toEqual(tree);
    }),
  );
});

test("what was read is written to the same text again", () => {
  fc.assert(
    fc.property(trees, (tree) => {
      expect(write(readJson(write(tree)))).toBe(write(tree));
    }),
  );
});

test("plain JSON reads as JSON.parse reads it, by either reader", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value, (_key, item: unknown) =>
        typeof item === "number" ? Math.trunc(item) % 1e15 : item,
      );
      expect(readJson(text)).toEqual(withoutMinusZero(JSON.parse(text)));
      expect(readJson(`[1.5, ${text}]`)).toEqual([1.5, withoutMinusZero(JSON.parse(text))]);
    }),
  );
});

test("a number reads the same natively as by hand", () => {
  const numbers = fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.oneof(
        fc.constant("0"),
        digits(18).map((text) => `1${text}`),
      ),
      fc.option(digits(20), { nil: null }),
      fc.constantFrom("", "", "", "e5", "E-3", "e+20"),
    )
    .map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === null ? "" : `.${fraction}`}${exponent}`);
  fc.assert(
    fc.property(numbers, (number) => {
      expect(readJson(`[NaN, ${number}]`)).toEqual([new Float(Number.NaN), readJson(number)]);
      expect(readJson(`[NaN, [${number} ]]`)).toEqual([new Float(Number.NaN), readJson(`[${number} ]`)]);
    }),
    { numRuns: 2000 },
  );
});

test("any bytes give a tree or an error of ours", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      expect(ANSWERS).toContain(outcome(() => json.decode(bytes)));
    }),
  );
});

test("any text near JSON gives a tree or an error of ours", () => {
  const near = fc
    .array(
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        ",",
        "1",
        "-",
        ".",
        "e",
        "9",
        "\\u00",
        "NaN",
        '"__type__"',
        " ",
        "null",
      ),
    )
    .map((parts) => new TextEncoder().encode(parts.join("")));
  fc.assert(
    fc.property(near, (bytes) => {
      expect(ANSWERS).toContain(outcome(() => json.decode(bytes)));
    }),
    { numRuns: 1000 },
  );
});

function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
