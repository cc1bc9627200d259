import { type Page, WIDTH } from "./page.ts";
import { styleOf } from "./style.ts";

/** Where a text is written. */
export interface Place {
  /** The column at which a line that is folded goes on. */
  readonly indent: number;
  /** A key before its colon stands on one line. */
  readonly isKey: boolean;
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ["\0", "\\0"],
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\v", "\\v"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ["\u001b", "\\e"],
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\u0085", "\\N"],
  ["\u00a0", "\\_"],
  ["\u2028", "\\L"],
  ["\u2029", "\\P"],
]);

/** Writes a text in the style, and folded where, PyYAML would. Source: yaml/emitter.py, `write_plain` and its siblings. */
export function writeText(page: Page, text: string, place: Place): void {
  switch (styleOf(text, place.isKey)) {
    case "plain":
      return writePlain(page, text, place);
    case "single":
      return writeSingle(page, text, place);
    case "double":
      return writeDouble(page, text, place);
  }
}

/** Words and the runs of spaces between them; a single space past the width becomes a line break. */
export function writePlain(page: Page, text: string, place: Place): void {
  const [first = "", ...rest] = text.split(/( +)/);
  page.word(first);
  for (const piece of rest) {
    if (piece === " " && page.column > WIDTH && !place.isKey) page.indent(place.indent);
    else page.text(piece);
  }
}

function writeSingle(page: Page, text: string, place: Place): void {
  page.word("'");
  const pieces = text.split(/( +|\n+)/);
  for (const [index, piece] of pieces.entries()) {
    const isInside = index > 1 || pieces[0] !== "";
    const isLast = index === pieces.length - 2 && pieces.at(-1) === "";
    if (piece.startsWith("\n")) writeBreaks(page, piece.length, place.indent);
    else if (piece === " " && page.column > WIDTH && !place.isKey && isInside && !isLast) page.indent(place.indent);
    else if (piece !== "") page.text(piece.replaceAll("'", "''"));
  }
  page.text("'");
}

/** One line break would be folded into a space, so there is always one more. */
function writeBreaks(page: Page, count: number, indent: number): void {
  for (let written = 0; written <= count; written++) page.lineBreak();
  page.indent(indent);
}

function writeDouble(page: Page, text: string, place: Place): void {
  page.word('"');
  const characters = Array.from(text);
  let afterEscape = false;
  for (const [index, character] of characters.entries()) {
    const mayFold = !place.isKey && index > 0 && index < characters.length - 1;
    const escape = escapeOf(character);
    if (escape === null) {
      if (mayFold && page.column > WIDTH && (character === " " || afterEscape)) fold(page, character, place.indent);
      page.text(character);
    } else {
      page.text(escape);
      if (mayFold && page.column > WIDTH + 1) fold(page, characters[index + 1], place.indent);
    }
    afterEscape = escape !== null;
  }
  page.text('"');
}

/** A backslash joins the lines again; a space that begins the next one needs its own, or it would be lost. */
function fold(page: Page, next: string | undefined, indent: number): void {
  page.text("\\");
  page.indent(indent);
  page.text(next === " " ? "\\" : "");
}

function escapeOf(character: string): string | null {
  const named = NAMED.get(character);
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x20 && code <= 0x7e) return null;
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
