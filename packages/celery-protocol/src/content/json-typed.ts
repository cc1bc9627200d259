import { ProtocolError } from "../wire/errors.ts";
import { decodeBase64 } from "./base64.ts";
import { DateTime } from "./lossless.ts";
import { isPlainObject } from "./plain-object.ts";
import type { Tree } from "./tree.ts";
import { encodeUtf8 } from "./utf8.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "./values.ts";

const LONE_SURROGATE = /\p{Surrogate}/u;

/** How each typed value of kombu's JSON is read. Source: kombu/utils/json.py `_register_default_types`. */
const READERS: ReadonlyMap<Tree | undefined, (value: Tree | undefined) => Tree> = new Map<
  Tree,
  (value: Tree | undefined) => Tree
>([
  ["datetime", (value) => new DateTime(text(value))],
  ["date", (value) => new LocalDate(new DateTime(text(value)).text.slice(0, 10))],
  ["time", (value) => new LocalTime(text(value))],
  ["decimal", (value) => new Decimal(isWhole(value) ? String(value) : text(value))],
  ["uuid", (value) => new Uuid(text(isPlainObject(value) ? value["hex"] : undefined))],
  ["bytes", (value) => utf8(text(value))],
  ["base64", (value) => base64(text(value))],
]);

/** Whether an object has exactly the two keys that mark a typed value. */
export function isTyped(object: Readonly<Record<string, unknown>>): boolean {
  if (!("__type__" in object)) return false;
  const [first, second, third] = Object.keys(object);
  if (third !== undefined) return false;
  return (first === "__type__" && second === "__value__") || (first === "__value__" && second === "__type__");
}

/**
 * The value of a typed object.
 *
 * @throws ProtocolError `type-unknown` for a type that kombu does not know, or an invalid value for its type.
 */
export function readTyped(object: Readonly<Record<string, Tree>>): Tree {
  const type = object["__type__"];
  const read = READERS.get(type);
  if (read === undefined) throw unreadable("is of a type that kombu's JSON does not have");
  try {
    return read(object["__value__"]);
  } catch {
    throw unreadable("does not fit its type");
  }
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw unreadable("is not a string");
}

function utf8(value: string): Uint8Array {
  if (LONE_SURROGATE.test(value)) throw unreadable("has a lone surrogate");
  return encodeUtf8(value);
}

function base64(value: string): Uint8Array {
  const bytes = decodeBase64(value);
  if (bytes === null) throw unreadable("is not base64");
  return bytes;
}

function unreadable(what: string): ProtocolError {
  return new ProtocolError("type-unknown", "remote", `A typed value (__type__) ${what}.`);
}
