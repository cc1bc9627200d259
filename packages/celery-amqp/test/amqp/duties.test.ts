import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { transportConformance } from "../../src/testing.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/transport.md"), "utf8");

interface Duty {
  readonly row: string;
  readonly file: string;
  readonly name: string;
}

/** The rows of the page's tables of four columns. */
const duties: readonly Duty[] = page.split("\n").flatMap((line) => {
  const [, row = "", , file = "", name = ""] = line.split("|").map((cell) => cell.trim());
  return /^(C|H|M|P)\d+$|^3\.4$|^nack$/.test(row) ? [{ row, file, name }] : [];
});

function numbered(letter: string, last: number): readonly string[] {
  return Array.from({ length: last }, (_, index) => `${letter}${index + 1}`);
}

test("every way to fail has a row", () => {
  const rows = new Set(duties.map(({ row }) => row));
  const wanted = [...numbered("C", 13), ...numbered("H", 10), ...numbered("M", 6), ...numbered("P", 12), "3.4", "nack"];
  expect(wanted.filter((row) => !rows.has(row))).toEqual([]);
});

describe("each promise of docs/transport.md has its test", () => {
  test.each(duties)("$row: $name", ({ file, name }) => {
    const names =
      file === "conformance"
        ? transportConformance.map((each) => each.name).join("\n")
        : readFileSync(join(import.meta.dirname, "..", file), "utf8");
    expect(names).toContain(name);
  });
});
