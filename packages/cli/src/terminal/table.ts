import { stripVTControlCharacters } from "node:util";
import { plain } from "@leveret/celery-protocol/wire";

/** Formats rows below their heads, with columns as wide as their widest cell; numbers are right-aligned. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = heads.map((head, column) => Math.max(width(head), ...rows.map((row) => width(cell(row, column)))));
  const isNumeric = heads.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const line = (row: readonly (string | number)[]): string =>
    heads
      .map((_, column) => pad(cell(row, column), widths[column] ?? 0, isNumeric[column] ?? false))
      .join("  ")
      .trimEnd();
  return [heads, ...rows].map((row) => `${line(row)}\n`).join("");
}

function cell(row: readonly (string | number)[], column: number): string {
  return String(row[column] ?? "");
}

function pad(text: string, columns: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, columns - width(text)));
  return right ? space + text : text + space;
}

function width(text: string): number {
  return characters(stripVTControlCharacters(text)).length;
}

/** Cuts a foreign string to a length, with an ellipsis: one line of visible characters. */
export function cut(text: string, length: number): string {
  const line = plain(text.replaceAll(/\s+/g, " "));
  const all = characters(line);
  return all.length <= length ? line : `${all.slice(0, Math.max(0, length - 1)).join("")}…`;
}

const segmenter = new Intl.Segmenter();

/** The visible characters (grapheme clusters) of a string. */
function characters(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** `1 message`, `2 messages`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
