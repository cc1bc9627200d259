import {
  DateTime,
  Decimal,
  Float,
  formatIso,
  LocalDate,
  LocalTime,
  ProtocolError,
  type Tree,
  Uuid,
} from "@leveret/celery-protocol";
import { isPlainObject, MAX_DEPTH, setOwn } from "@leveret/celery-protocol/wire";

/** Classes of the tree itself, which are kept unchanged. */
const LEAVES = [Uint8Array, Float, DateTime, LocalDate, LocalTime, Decimal, Uuid];

const HINTS: ReadonlyMap<string, string> = new Map([
  ["Set", "send an array"],
  ["Map", "send a plain object: Object.fromEntries(map)"],
  ["Promise", "await it first"],
  ["ArrayBuffer", "send a Uint8Array"],
  ["Error", "send its message"],
]);

/**
 * Converts a value to a tree by the rules of the JSON serializer: a Date is a datetime in UTC, `toJSON` is called,
 * undefined is left out of objects and null in arrays.
 *
 * @throws ProtocolError `encode-failed` for a value that no serializer supports.
 */
export function toTree(value: unknown): Tree {
  return convert(value, 0);
}

/** The error of a value that cannot be encoded. */
export function refused(what: string, why: string, cause?: unknown): ProtocolError {
  return new ProtocolError("encode-failed", "local", `${what} cannot be encoded: ${why}.`, { cause });
}

function convert(value: unknown, depth: number): Tree {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      return value === null ? null : convertObject(value, depth + 1);
    default:
      throw refused(`A ${typeof value}`, "it has no representation in this format");
  }
}

function convertObject(value: object, depth: number): Tree {
  if (depth > MAX_DEPTH) throw refused("A circular value, or one nested too deep,", `the limit is ${MAX_DEPTH}`);
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => convert(item, depth));
  if (LEAVES.some((leaf) => value instanceof leaf)) return value as Tree;
  if (value instanceof Date) return convertDate(value);
  if ("toJSON" in value && typeof value.toJSON === "function") return convert(value.toJSON(), depth);
  if (isPlainObject(value)) return convertMembers(value, depth);
  const { name } = value.constructor;
  throw refused(`An object of the class ${name}`, HINTS.get(name) ?? "send a plain object, or give it a toJSON method");
}

function convertMembers(object: Readonly<Record<string, unknown>>, depth: number): Tree {
  const members: Record<string, Tree> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value !== undefined) setOwn(members, key, convert(value, depth));
  }
  return members;
}

function convertDate(date: Date): Tree {
  try {
    return new DateTime(formatIso(date.getTime()));
  } catch (cause) {
    throw refused("A Date outside the years 1 to 9999, or invalid,", "Python cannot represent it", cause);
  }
}
