import { pythonFloat } from "../content/float-text.ts";
import { DateTime, Float } from "../content/lossless.ts";
import { isPlainObject } from "../content/plain-object.ts";
import { tryUtf8 } from "../content/utf8.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../content/values.ts";
import { className } from "../wire/show.ts";
import { reprDate, reprDateTime, reprTime } from "./repr-time.ts";

const MAX_LEVELS = 3;
const MAX_CHARACTERS = 1024;
const SURROGATE = /[\ud800-\udfff]/;

/**
 * A value in Python's notation, for people: logs, events, Flower. Nesting beyond three levels is `...`, and the whole is
 * cut near `maxCharacters` with open brackets closed. Source: celery/utils/saferepr.py.
 *
 * @param maxCharacters - default 1024, as Celery's `argsrepr`.
 */
export function saferepr(value: unknown, maxCharacters: number = MAX_CHARACTERS): string {
  const repr = new Repr(maxCharacters);
  repr.value(value);
  return repr.text;
}

/** Positional arguments as Celery shows them: a tuple, `(1, 'a')` or `(1,)`. */
export function argsRepr(args: readonly unknown[]): string {
  if (args.length === 0) return "()";
  const repr = new Repr(MAX_CHARACTERS);
  repr.sequence(args, "(", args.length === 1 ? ",)" : ")");
  return repr.text;
}

/** Keyword arguments as Celery shows them: `{'x': 1}`. */
export function kwargsRepr(kwargs: Readonly<Record<string, unknown>>): string {
  return saferepr(kwargs);
}

/**
 * Writes pieces up to the limit. The first piece beyond it becomes `, ...`; after that only closing brackets are
 * written.
 */
class Repr {
  text = "";
  #remaining: number;
  #stopped = false;
  readonly #open: unknown[] = [];

  constructor(maxCharacters: number) {
    this.#remaining = maxCharacters;
  }

  /** Getters, `toJSON` and Proxies may throw. */
  value(value: unknown): void {
    const open = this.#open.length;
    try {
      this.#value(value);
    } catch {
      this.#open.splice(open);
      this.#named("<unreadable>");
    }
  }

  #value(value: unknown): void {
    if (Array.isArray(value)) this.sequence(value, "[", "]");
    else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) this.#object(value);
    else if (!this.#isUsedUp()) this.#write(this.#leaf(value));
  }

  sequence(items: readonly unknown[], open: string, close: string): void {
    if (!this.#opens(items, open, close)) return;
    for (let index = 0; index < items.length && !this.#stopped; index++) {
      if (index > 0) this.#literal(", ");
      if (!this.#stopped) this.value(items[index]);
    }
    this.#close(close);
  }

  #object(value: object): void {
    if (isPlainObject(value) && !("toJSON" in value)) return this.#members(value);
    const special = named(value);
    if (special !== null) return this.#named(special);
    if ("toJSON" in value && typeof value.toJSON === "function") return this.#answer(value, value.toJSON());
    if (isPlainObject(value)) return this.#members(value);
    this.#named(`<${className(value)}>`);
  }

  /** The result of an object's `toJSON` counts as a level, for it may contain the object again. */
  #answer(value: object, answer: unknown): void {
    if (this.#open.length >= MAX_LEVELS) return this.#named("...");
    this.#open.push(value);
    this.value(answer);
    this.#open.pop();
  }

  #members(object: Readonly<Record<string, unknown>>): void {
    if (!this.#opens(object, "{", "}")) return;
    let separator = "";
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value === undefined) continue;
      if (separator !== "") this.#literal(separator);
      if (!this.#isUsedUp()) this.#write(this.#quoted(key));
      this.#literal(": ");
      if (!this.#stopped) this.value(value);
      if (this.#stopped) break;
      separator = ", ";
    }
    this.#close("}");
  }

  /** Opens a level; false where there is none left, or the value is already open. */
  #opens(value: object, open: string, close: string): boolean {
    const isTooDeep = this.#open.length >= MAX_LEVELS;
    if (isTooDeep || this.#open.includes(value)) {
      this.#named(isTooDeep ? `${open}...${close}` : "<Recursion>");
      return false;
    }
    this.#open.push(value);
    this.#literal(open);
    return true;
  }

  #close(close: string): void {
    this.#open.pop();
    if (this.#stopped) this.text += close;
    else this.#literal(close);
  }

  #literal(text: string): void {
    if (!this.#isUsedUp()) this.#write(text);
  }

  #named(text: string): void {
    if (!this.#isUsedUp()) this.#write(this.#cut(text));
  }

  #isUsedUp(): boolean {
    if (this.#stopped) return true;
    if (this.#remaining > 0) return false;
    this.#stopped = true;
    this.text += ", ...";
    return true;
  }

  #write(piece: string): void {
    this.text += piece;
    this.#remaining -= characters(piece);
  }

  #leaf(value: unknown): string {
    if (typeof value === "string") return this.#quoted(value);
    return value instanceof Uint8Array ? this.#bytes(value) : this.#cut(scalar(value));
  }

  #quoted(text: string): string {
    return `'${this.#cut(text).replaceAll("'", "\\'")}'`;
  }

  #bytes(bytes: Uint8Array): string {
    const shown = bytes.subarray(0, this.#remaining);
    return `b'${tryUtf8(shown) ?? hex(shown)}${bytes.length > this.#remaining ? "..." : ""}'`;
  }

  /** Celery's truncation: the remaining characters, back to the last space among them. */
  #cut(text: string): string {
    const kept = firstCharacters(text, this.#remaining);
    if (kept === null) return text;
    const space = kept.lastIndexOf(" ");
    return `${space < 0 ? kept : kept.slice(0, space)}...`;
  }
}

function scalar(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : pythonFloat(value);
  return typeof value === "bigint" ? String(value) : `<${typeof value}>`;
}

/** Objects that Python prints by their class; null for any other. */
function named(value: object): string | null {
  if (value instanceof Float) return pythonFloat(value.value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "<Date>" : reprDateTime(value.toISOString());
  if (value instanceof DateTime) return reprDateTime(value.text);
  if (value instanceof LocalDate) return reprDate(value.text);
  if (value instanceof LocalTime) return reprTime(value.text);
  if (value instanceof Decimal) return `Decimal('${value.text}')`;
  return value instanceof Uuid ? `UUID('${value.text}')` : null;
}

/** Python counts characters, JavaScript units of UTF-16. */
function characters(text: string): number {
  return SURROGATE.test(text) ? Array.from(text).length : text.length;
}

/** The first characters of a string; null for a shorter one. */
function firstCharacters(text: string, count: number): string | null {
  if (text.length < count) return null;
  const prefix = text.slice(0, 2 * count);
  if (!SURROGATE.test(prefix)) return text.slice(0, count);
  const kept = Array.from(prefix).slice(0, count);
  return kept.length < count ? null : kept.join("");
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
