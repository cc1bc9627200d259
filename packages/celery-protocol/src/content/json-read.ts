import { ProtocolError } from "../wire/errors.ts";
import { isTyped, readTyped } from "./json-typed.ts";
import { Float } from "./lossless.ts";
import { ownText } from "./own-text.ts";
import { setOwn } from "./plain-object.ts";
import type { Tree } from "./tree.ts";

/**
 * Most levels of nesting in a body. Python's recursion limit is near 1000 too, so every body that Celery can send is
 * accepted.
 */
export const MAX_DEPTH = 1000;

/**
 * Python refuses longer integers too (`sys.get_int_max_str_digits`); the time of reading one grows with the square of
 * its length.
 */
const MAX_INTEGER_DIGITS = 4300;

/**
 * Numbers that `JSON.parse` would change: floats that are whole or might round to an integer, integers of 16 digits and
 * more, minus zero, NaN and Infinity. A fraction that begins with fewer than six zeros or nines, after nine digits at
 * most, cannot round away. A match inside a string only takes time.
 */
const DELICATE =
  String.raw`\s*(?:-?\d{1,9}(?:\.(?:0{1,5}(?!\d)|0{6}|9{6}|\d*[eE])|[eE])|` +
  String.raw`-?(?:\d{10,15}[.eE]|\d{16}|Infinity)|-0|NaN)`;
/** Two expressions, since one that may start anywhere or at the beginning is many times slower on a long string. */
const DELICATE_FIRST: RegExp = new RegExp(`^${DELICATE}`);
const DELICATE_INSIDE: RegExp = new RegExp(`[,:[]${DELICATE}`);
/** An escape that may hide a character of `__type__`. */
const HIDING_ESCAPE = /\\u00[2-7]/;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const IN_FLOATS = /[.eE]/;
/** Floats of at most this length are created once per body. */
const SHORT_FLOAT = 5;
/** Characters that a string cannot have unescaped: a backslash, or a control character, which JSON does not allow. */
const IN_ESCAPED = /\\|[^\u0020-\uffff]/;
const STRING_END = /["\\]|[^\u0020-\uffff]/g;

/** Words of JSON, and the three that Python adds. */
const WORDS: ReadonlyArray<readonly [string, Tree]> = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", new Float(Number.NaN)],
  ["Infinity", new Float(Number.POSITIVE_INFINITY)],
  ["-Infinity", new Float(Number.NEGATIVE_INFINITY)],
];

/**
 * Reads JSON as Python's `json.loads` with kombu's typed values, without loss. The last of two equal keys wins.
 *
 * @throws ProtocolError `decode-failed` for a string that is not JSON, `too-deep` beyond `MAX_DEPTH` levels,
 * `type-unknown` for a typed value that kombu does not know.
 */
export function readJson(text: string): Tree {
  return needsCare(text) ? new Reader(text).read() : readPlain(text);
}

/** Whether `JSON.parse` might lose a number or a typed value. */
function needsCare(text: string): boolean {
  if (text.includes("__type__") || HIDING_ESCAPE.test(text)) return true;
  return DELICATE_FIRST.test(text) || DELICATE_INSIDE.test(text);
}

function readPlain(text: string): Tree {
  let tree: Tree;
  try {
    tree = JSON.parse(text) as Tree;
  } catch {
    // Without the cause, whose message quotes the body.
    throw new ProtocolError("decode-failed", "remote", "The body is not JSON.");
  }
  // Each level takes two characters at least, so a short body cannot be too deep.
  if (text.length > 2 * MAX_DEPTH && isDeeper(tree, MAX_DEPTH)) throw tooDeep();
  return tree;
}

function isDeeper(tree: Tree, levels: number): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  if (levels === 0) return true;
  const items: readonly Tree[] = Array.isArray(tree) ? tree : Object.values(tree);
  for (const item of items) if (isDeeper(item, levels - 1)) return true;
  return false;
}

function tooDeep(): ProtocolError {
  return new ProtocolError("too-deep", "remote", `The body nests deeper than ${MAX_DEPTH} levels.`);
}

/** A recursive descent parser of one body. */
class Reader {
  readonly #text: string;
  /** Cache of short whole floats, which a body may have many of. */
  readonly #floats = new Map<string, Tree>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Tree {
    this.#skipSpace();
    const tree = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return tree;
  }

  #value(depth: number): Tree {
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string();
      case "{":
        return this.#object(depth + 1);
      case "[":
        return this.#array(depth + 1);
      default:
        return this.#numberOrWord();
    }
  }

  #object(depth: number): Tree {
    if (depth > MAX_DEPTH) throw tooDeep();
    const object: Record<string, Tree> = {};
    if (this.#opens("}")) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') throw this.#unexpected();
      const key = this.#rawString();
      this.#skipSpace();
      this.#expect(":");
      this.#skipSpace();
      setOwn(object, key, this.#value(depth));
    } while (this.#continues("}"));
    return isTyped(object) ? readTyped(object) : object;
  }

  #array(depth: number): Tree {
    if (depth > MAX_DEPTH) throw tooDeep();
    const items: Tree[] = [];
    if (this.#opens("]")) return items;
    do {
      this.#skipSpace();
      items.push(this.#value(depth));
    } while (this.#continues("]"));
    return items;
  }

  /** Steps over the opening bracket, and over the closing one if nothing stands between. */
  #opens(close: string): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] !== close) return false;
    this.#at++;
    return true;
  }

  /** Steps over a comma, or over the closing bracket, which ends the list. */
  #continues(close: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== ",") {
      this.#expect(close);
      return false;
    }
    this.#at++;
    return true;
  }

  #string(): string {
    return ownText(this.#rawString());
  }

  /** May be a slice of the whole body. */
  #rawString(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    const plain = this.#text.slice(start, end);
    if (end < 0 || IN_ESCAPED.test(plain)) return this.#escapedString();
    this.#at = end + 1;
    return plain;
  }

  #escapedString(): string {
    const start = this.#at;
    for (let at = start + 1; ;) {
      STRING_END.lastIndex = at;
      const end = STRING_END.exec(this.#text);
      this.#at = end?.index ?? this.#text.length;
      if (end?.[0] === '"') break;
      if (end?.[0] !== "\\") throw this.#unexpected();
      at = end.index + 2;
    }
    this.#at++;
    return readPlain(this.#text.slice(start, this.#at)) as string;
  }

  #numberOrWord(): Tree {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) return this.#word();
    const number = this.#text.slice(this.#at, NUMBER.lastIndex);
    this.#at = NUMBER.lastIndex;
    if (!IN_FLOATS.test(number)) return integer(number);
    return number.length > SHORT_FLOAT ? float(number) : this.#shortFloat(number);
  }

  #shortFloat(number: string): Tree {
    const known = this.#floats.get(number);
    if (known !== undefined) return known;
    const made = float(number);
    this.#floats.set(number, made);
    return made;
  }

  #word(): Tree {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw this.#unexpected();
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#unexpected();
    this.#at++;
  }

  #skipSpace(): void {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = this.#text.charCodeAt(++this.#at);
  }

  #unexpected(): ProtocolError {
    const where = this.#at < this.#text.length ? `at character ${this.#at}` : "at its end";
    return new ProtocolError("decode-failed", "remote", `The body is not JSON ${where}.`);
  }
}

function integer(text: string): Tree {
  if (text.length > MAX_INTEGER_DIGITS) {
    const limit = `more than ${MAX_INTEGER_DIGITS} digits`;
    throw new ProtocolError(
      "decode-failed",
      "remote",
      `The body holds an integer of ${limit}, which Python refuses too.`,
    );
  }
  const value = Number(text);
  return Number.isSafeInteger(value) ? value + 0 : BigInt(text);
}

/** A float is a number where its size or fraction marks it as a float; an integer of 2^53 and beyond is a bigint. */
function float(text: string): Tree {
  const value = Number(text);
  return Number.isFinite(value) && !Number.isSafeInteger(value) ? value : new Float(value);
}
