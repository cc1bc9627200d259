import { DateTime, Float, isPlainObject, LocalDate, pythonFloat, type Tree } from "@leveret/celery-protocol";
import { refused } from "../to-tree.ts";
import { Page } from "./page.ts";
import { styleOf } from "./style.ts";
import { writeTimestamp } from "./timestamp.ts";
import { writePlain, writeText } from "./write-text.ts";

const STEP = 2;
/** A longer key is set off by `?`. PyYAML counts the five characters of its tag, `!!str`, too. */
const LONGEST_KEY = 122;
/** Base64 of so many bytes fills a line of 76. */
const BYTES_PER_LINE = 57;

/** Where a node stands. */
interface Context {
  /** The column of the collection around it; null at the root. */
  readonly indent: number | null;
  /** Lists that are values of a map are not indented. */
  readonly inMap: boolean;
}

/**
 * Writes a tree as PyYAML's `safe_dump` does, to the byte: block style, sorted keys, ASCII.
 *
 * @throws ProtocolError `encode-failed` for a time of day, a decimal or a UUID, which PyYAML's safe dumper refuses, too.
 */
export function writeYaml(tree: Tree): string {
  const page = new Page();
  const root = { indent: null, inMap: false };
  writeNode(page, tree, root);
  page.indent(0);
  if (isOpenEnded(tree)) page.text("...\n");
  return page.toString();
}

/** PyYAML ends a document that is one plain scalar, whose end a reader could not see. */
function isOpenEnded(tree: Tree): boolean {
  if (typeof tree === "string") return styleOf(tree, false) === "plain";
  return isScalar(tree) && !(tree instanceof Uint8Array);
}

function writeNode(page: Page, tree: Tree, context: Context): void {
  if (isArray(tree)) return tree.length === 0 ? page.word("[]") : writeList(page, tree, context);
  if (!isScalar(tree)) return writeMap(page, tree, context);
  const indent = (context.indent ?? 0) + STEP;
  if (tree instanceof Uint8Array) return writeBytes(page, tree, indent);
  if (typeof tree === "string") return writeText(page, tree, { indent, isKey: false });
  writePlain(page, plainText(tree), { indent, isKey: false });
}

function writeList(page: Page, items: readonly Tree[], context: Context): void {
  const indent = context.inMap && !page.atMarks ? (context.indent ?? 0) : inner(context);
  for (const item of items) {
    page.indent(indent);
    page.mark("-");
    writeNode(page, item, { indent, inMap: false });
  }
}

function writeMap(page: Page, members: Readonly<Record<string, Tree>>, context: Context): void {
  const keys = Object.keys(members).toSorted(byCodePoint);
  if (keys.length === 0) return page.word("{}");
  const indent = inner(context);
  for (const key of keys) {
    page.indent(indent);
    writeKey(page, key, indent);
    writeNode(page, members[key] ?? null, { indent, inMap: true });
  }
}

function writeKey(page: Page, key: string, indent: number): void {
  if (isSimpleKey(key)) {
    writeText(page, key, { indent: indent + STEP, isKey: true });
    return page.text(":");
  }
  page.mark("?");
  writeText(page, key, { indent: indent + STEP, isKey: false });
  page.indent(indent);
  page.mark(":");
}

/** PyYAML counts characters, not UTF-16 units. */
function isSimpleKey(key: string): boolean {
  return key !== "" && !/[\n\u0085\u2028\u2029]/.test(key) && Array.from(key).length <= LONGEST_KEY;
}

function writeBytes(page: Page, bytes: Uint8Array, indent: number): void {
  page.word("!!binary");
  if (bytes.length === 0) return page.word('""');
  page.word("|");
  page.lineBreak();
  for (let start = 0; start < bytes.length; start += BYTES_PER_LINE) {
    page.indent(indent);
    page.text(Buffer.from(bytes.subarray(start, start + BYTES_PER_LINE)).toString("base64"));
    page.lineBreak();
  }
}

function plainText(tree: Scalar): string {
  if (tree === null) return "null";
  if (typeof tree === "number") return Number.isSafeInteger(tree) ? String(tree) : floatText(tree);
  if (tree instanceof Float) return floatText(tree.value);
  if (tree instanceof DateTime) return writeTimestamp(tree);
  if (tree instanceof LocalDate) return tree.text;
  if (typeof tree === "object")
    throw refused(`A ${tree.constructor.name} as YAML`, "PyYAML has no form for it; send its text");
  return String(tree);
}

/** YAML 1.1 knows an exponent only behind a dot. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = pythonFloat(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}

function inner(context: Context): number {
  return context.indent === null ? 0 : context.indent + STEP;
}

/** Python sorts by code points, as bytes of UTF-8 do; JavaScript sorts by UTF-16 units. */
function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

type Scalar = Exclude<Tree, readonly Tree[] | { readonly [key: string]: Tree }>;

function isArray(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

function isScalar(tree: Tree): tree is Scalar {
  return !isArray(tree) && !isPlainObject(tree);
}
