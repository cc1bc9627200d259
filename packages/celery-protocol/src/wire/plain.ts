/** Printable ASCII, as most names and ids are. */
const ORDINARY = /^[\x20-\x7E]*$/;
/**
 * Characters that move a cursor, end a line, change the direction of writing, or are invisible: controls, line and
 * paragraph separators, lone surrogates, formats (bidirectional ones among them) and all that Unicode calls ignorable
 * by default.
 */
const SPECIAL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const SPECIAL_IN_LINES = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Converts a foreign string to one safe line for a log, a terminal or an error: invisible characters are escaped. JSON
 * without line ends stays JSON of the same value.
 */
export function plain(text: string): string {
  return ORDINARY.test(text) ? text : text.replaceAll(SPECIAL, escaped);
}

/** As `plain` for several lines, such as a traceback: line feeds and tabs stay. */
export function plainLines(text: string): string {
  return ORDINARY.test(text) ? text : text.replaceAll(SPECIAL_IN_LINES, escaped);
}

function escaped(character: string): string {
  return SHORT[character] ?? character.split("").map(unitEscape).join("");
}

function unitEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
