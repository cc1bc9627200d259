import { formatIso } from "../time/iso8601.ts";
import { ProtocolError } from "../wire/errors.ts";
import { className } from "../wire/show.ts";
import { encodeBase64 } from "./base64.ts";
import { pythonFloat } from "./float-text.ts";
import { MAX_DEPTH } from "./json-read.ts";
import { isTyped } from "./json-typed.ts";
import { DateTime, Float } from "./lossless.ts";
import { isPlainObject } from "./plain-object.ts";
import { isPlainText } from "./plain-text.ts";
import { tryUtf8 } from "./utf8.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "./values.ts";

/** Delete, the first character that Python escapes and `JSON.stringify` does not. */
const FIRST_ESCAPED = 0x7f;
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The handling of numbers that JSON does not have. */
export interface JsonRules {
  /** Write NaN and Infinity as Python does, which other readers refuse; otherwise an error. */
  readonly allowNaN: boolean;
}

/**
 * Writes JSON as kombu does: `json.dumps` of Python with its separators, `ensure_ascii` and floats, and typed values
 * for types that JSON lacks.
 *
 * @throws ProtocolError `encode-failed` for a value that no Celery reader would understand, with a hint.
 */
export function writeJson(value: unknown, rules: JsonRules): string {
  return new Writer(rules).write(value, 0);
}

class Writer {
  readonly #rules: JsonRules;

  constructor(rules: JsonRules) {
    this.#rules = rules;
  }

  write(value: unknown, depth: number): string {
    switch (typeof value) {
      case "string":
        return writeText(value);
      case "number":
        return this.#number(value);
      case "object":
        return value === null ? "null" : this.#object(value, depth + 1);
      case "boolean":
        return value ? "true" : "false";
      case "undefined":
        return "null";
      case "bigint":
        return value.toString();
      default:
        throw refused(`A ${typeof value}`, "it has no representation in JSON");
    }
  }

  #number(value: number): string {
    if (Number.isSafeInteger(value)) return String(value);
    if (Number.isFinite(value)) return pythonFloat(value);
    if (this.#rules.allowNaN) return notFinite(value);
    throw refused(String(value), "JSON has no such number; send null or a string, or set allowNaN for Python readers");
  }

  #object(value: object, depth: number): string {
    if (depth > MAX_DEPTH) throw refused("A circular value, or one nested too deep,", `the limit is ${MAX_DEPTH}`);
    if (Array.isArray(value)) return this.#array(value, depth);
    if (isPlainObject(value) && !("toJSON" in value)) return this.#members(value, depth);
    const special = writeSpecial(value);
    if (special !== null) return special;
    if ("toJSON" in value && typeof value.toJSON === "function") return this.write(value.toJSON(), depth);
    if (isPlainObject(value)) return this.#members(value, depth);
    throw refusedObject(value);
  }

  #array(items: readonly unknown[], depth: number): string {
    let text = "[";
    for (let index = 0; index < items.length; index++) {
      if (index > 0) text += ", ";
      text += this.write(items[index], depth);
    }
    return `${text}]`;
  }

  #members(object: Readonly<Record<string, unknown>>, depth: number): string {
    if (isTyped(object))
      throw refused("An object with the keys __type__ and __value__ alone", "they mark typed values");
    let text = "";
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value === undefined) continue;
      text += text === "" ? "{" : ", ";
      text += writeText(key);
      text += ": ";
      text += this.write(value, depth);
    }
    return text === "" ? "{}" : `${text}}`;
  }
}

function writeText(text: string): string {
  return isPlainText(text) ? `"${text}"` : asciiOnly(JSON.stringify(text));
}

/** Escapes the characters that Python's `ensure_ascii` escapes and `JSON.stringify` does not. */
function asciiOnly(text: string): string {
  let ascii = "";
  let written = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < FIRST_ESCAPED) continue;
    ascii += text.slice(written, index);
    ascii += `\\u${HEX[unit >> 8]}${HEX[unit & 0xff]}`;
    written = index + 1;
  }
  return ascii + text.slice(written);
}

/** Objects of classes with a typed value; null for any other object. */
function writeSpecial(value: object): string | null {
  if (value instanceof Uint8Array) return writeBytes(value);
  if (value instanceof Date) return typed("datetime", `"${formatDate(value)}"`);
  if (value instanceof Float) return Number.isFinite(value.value) ? pythonFloat(value.value) : notFinite(value.value);
  if (value instanceof DateTime) return typed("datetime", ownText(value));
  if (value instanceof LocalDate) return typed("date", ownText(value));
  if (value instanceof LocalTime) return typed("time", ownText(value));
  if (value instanceof Decimal) return typed("decimal", ownText(value));
  if (value instanceof Uuid) return typed("uuid", `{"hex": "${value.hex}"}`);
  return null;
}

/** An object of the class need not have come from its constructor. */
function ownText(value: { readonly text: string }): string {
  if (typeof value.text !== "string")
    throw refused(`A ${className(value)} without its text`, "create it by its constructor");
  return writeText(value.text);
}

function typed(type: string, json: string): string {
  return `{"__type__": "${type}", "__value__": ${json}}`;
}

function writeBytes(bytes: Uint8Array): string {
  const text = tryUtf8(bytes);
  return text === null ? typed("base64", `"${encodeBase64(bytes)}"`) : typed("bytes", writeText(text));
}

function formatDate(date: Date): string {
  try {
    return formatIso(date.getTime());
  } catch (cause) {
    throw refused("A Date outside the years 1 to 9999, or invalid,", "Python cannot represent it", cause);
  }
}

function notFinite(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

function refusedObject(value: object): ProtocolError {
  const name = className(value);
  const hint = ArrayBuffer.isView(value) ? "send a Uint8Array or Array.from(it)" : HINTS.get(name);
  return refused(`An object of the class ${name}`, hint ?? "send a plain object, or give it a toJSON method");
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ["Set", "Celery's JSON has no sets; send an array"],
  ["Map", "send a plain object: Object.fromEntries(map)"],
  ["Promise", "await it first"],
  ["ArrayBuffer", "send a Uint8Array"],
  ["Error", "send its message"],
]);

function refused(what: string, why: string, cause?: unknown): ProtocolError {
  return new ProtocolError("encode-failed", "local", `${what} cannot be encoded: ${why}.`, { cause });
}
