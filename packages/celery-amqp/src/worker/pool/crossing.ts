import {
  DateTime,
  Decimal,
  Float,
  isPlainObject,
  json,
  LocalDate,
  LocalTime,
  MAX_DEPTH,
  setOwn,
  Uuid,
} from "@leveret/celery-protocol";
import { CeleryError } from "../../ports/errors.ts";
import { packError, type PackedError, unpackError } from "./crossing-error.ts";

// Structured clone, by which threads and processes are told things, makes plain objects of instances and loses most of an
// error. What is more than plain crosses under this key, which no sane object has; one that has it is wrapped as well.
const mark = "\u0000leveret";

/** Causes may go round in a circle, and nobody reads the ninth. */
const causeDepth = MAX_DEPTH / 8;

interface Marked {
  readonly [mark]: string;
  readonly value: unknown;
}

interface TextValue {
  readonly text: string;
}

/** Value classes of the protocol, each made again of its text. */
const textual: ReadonlyMap<string, new (text: string) => TextValue> = new Map<string, new (text: string) => TextValue>([
  ["DateTime", DateTime],
  ["LocalDate", LocalDate],
  ["LocalTime", LocalTime],
  ["Decimal", Decimal],
  ["Uuid", Uuid],
]);

/**
 * A value in a form that structured clone carries without loss: bigints, bytes and dates as they are, the protocol's
 * value classes and errors marked, what has `toJSON` as that.
 *
 * @throws ProtocolError `encode-failed`, CeleryError `encode-failed` for what no message could carry either
 */
export function pack(value: unknown): unknown {
  return packAt(value, 0);
}

/** What was packed, again as it was. */
export function unpack(packed: unknown): unknown {
  if (typeof packed !== "object" || packed === null || packed instanceof Uint8Array) return packed;
  if (Array.isArray(packed)) return packed.map(unpack);
  if (!isPlainObject(packed)) return packed;
  return Object.hasOwn(packed, mark) ? unmark(packed as unknown as Marked) : members(packed, unpack);
}

/** The same, with a text in place of whatever cannot cross: for log lines and for what errors carry along. */
export function packLeniently(value: unknown): unknown {
  if (isPlainObject(value)) return members(value, (member) => packOrText(member, 1));
  return packOrText(value, 0);
}

function packOrText(value: unknown, depth: number): unknown {
  try {
    return packAt(value, depth);
  } catch {
    return textOf(value);
  }
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "an object"; // one whose own toString throws
  }
}

function packAt(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") return refuse(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) {
    const why = `A value that holds itself, or nests too deep, cannot leave the child: the limit is ${MAX_DEPTH}`;
    throw new CeleryError("encode-failed", why);
  }
  if (Array.isArray(value)) return Array.from(value, (item) => packAt(item, depth + 1));
  if (isPlainObject(value) && !("toJSON" in value)) return packMembers(value, depth + 1);
  return packSpecial(value, depth + 1);
}

function packMembers(object: Readonly<Record<string, unknown>>, depth: number): unknown {
  const packed = members(object, (value) => packAt(value, depth));
  return Object.hasOwn(object, mark) ? { [mark]: "object", value: Object.entries(packed) } : packed;
}

function packSpecial(value: object, depth: number): unknown {
  if (value instanceof Uint8Array) return ownBytes(value);
  if (value instanceof Date) return value;
  if (value instanceof Float) return { [mark]: "Float", value: value.value };
  for (const [name, Class] of textual) if (value instanceof Class) return { [mark]: name, value: value.text };
  if (value instanceof Error)
    return { [mark]: "Error", value: packError(value, (field) => packOrText(field, depth + causeDepth)) };
  if ("toJSON" in value && typeof value.toJSON === "function") return packAt(value.toJSON(), depth);
  if (isPlainObject(value)) return packMembers(value, depth);
  return refuse(value);
}

/** A small view of a large buffer would bring the whole of it along. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array && bytes.byteLength === bytes.buffer.byteLength
    ? bytes
    : new Uint8Array(bytes);
}

/** In the words in which the message itself would refuse it. */
function refuse(value: unknown): never {
  json.encode(value);
  throw new CeleryError("encode-failed", `A ${typeof value} cannot leave the child: return plain values`);
}

function unmark({ [mark]: kind, value }: Marked): unknown {
  if (kind === "Float") return new Float(value as number);
  if (kind === "Error") return unpackError(value as PackedError, unpack);
  if (kind === "object") return unpackEntries(value as readonly (readonly [string, unknown])[]);
  const Class = textual.get(kind);
  return Class === undefined ? value : new Class(value as string);
}

function unpackEntries(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of entries) setOwn(object, key, unpack(value));
  return object;
}

function members(
  object: Readonly<Record<string, unknown>>,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const key of Object.keys(object)) setOwn(changed, key, change(object[key]));
  return changed;
}
