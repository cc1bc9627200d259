import { resolvePlain } from "./resolve.ts";

/** How a text is written: as it is, between `'`, or between `"` with escapes. */
export type Style = "plain" | "single" | "double";

/** What PyYAML writes without escapes: ASCII that can be printed, and line breaks. */
const PRINTABLE = /^[\n\u0020-\u007e]*$/;
/** A break after a space, or a space after a break, would be lost in folding. */
const MIXED_SPACE = / \n|\n /;
/** A text that begins so would be taken for a mark of YAML, and `---` and `...` for the edge of a document. */
const BEGINS_AS_MARK = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:$|[ \n])|---|\.\.\.)/;
/** A colon before a space would end a key, and a hash after one would begin a comment. */
const HOLDS_MARK = /:(?:$|[ \n])|[ \n]#/;
const EDGE_SPACE = /^[ \n]|[ \n]$/;

/** The style that PyYAML chooses for a text. Source: yaml/emitter.py, `analyze_scalar` and `choose_scalar_style`. */
export function styleOf(text: string, isKey: boolean): Style {
  if (!PRINTABLE.test(text) || MIXED_SPACE.test(text)) return "double";
  if (isKey && text.includes("\n")) return "double";
  return isPlain(text) ? "plain" : "single";
}

function isPlain(text: string): boolean {
  if (text.includes("\n") || EDGE_SPACE.test(text)) return false;
  return !BEGINS_AS_MARK.test(text) && !HOLDS_MARK.test(text) && resolvePlain(text) === "str";
}
