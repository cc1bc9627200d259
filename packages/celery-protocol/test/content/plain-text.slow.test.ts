import { describe, expect, test } from "vitest";
import { isPlainText } from "../../src/content/plain-text.ts";

/** Short strings are asked of an expression, long ones of their bytes, slice by slice. */
const lengths = [0, 1, 2_047, 2_048, 2_049, 2_050, 2_051, 16_383, 16_384, 16_385, 40_000];
const units = Array.from({ length: 0x180 }, (_, unit) => String.fromCharCode(unit));
const isPlain = (unit: string): boolean => /[ !#-[\]-~]/.test(unit);

describe.each(lengths)("a string of %i characters", (length) => {
  const filler = "plain text; ".repeat(Math.ceil(length / 12)).slice(0, length);

  test("is plain where all are printable ASCII and none is escaped", () => {
    expect(isPlainText(filler)).toBe(true);
  });

  test("is not where one is none, wherever it stands", () => {
    const places = [0, 1, 2, 3, Math.floor(length / 2), length - 2, length - 1].filter((at) => at >= 0 && at < length);
    for (const at of places) {
      for (const unit of [...units, "€", "\u2028", "\ud83d", "\udc00"]) {
        const text = filler.slice(0, at) + unit + filler.slice(at + 1);
        expect(isPlainText(text), `${JSON.stringify(unit)} at ${at}`).toBe(isPlain(unit));
      }
    }
  });
});

test("a character of two units on the edge of two slices is none", () => {
  expect(isPlainText(`${"x".repeat(16_383)}😀${"x".repeat(100)}`)).toBe(false);
});

test("what stood in the slice before is not seen again", () => {
  expect(isPlainText("\u0001".repeat(3_000))).toBe(false);
  expect(isPlainText("x".repeat(2_049))).toBe(true);
});
