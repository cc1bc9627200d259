import { DateTime, Decimal, Float, json, LocalDate, LocalTime, Uuid } from "@leveret/celery-protocol";
import { isPlainObject, MAX_DEPTH, setOwn } from "@leveret/celery-protocol/wire";
import { CeleryError } from "../../../ports/errors.ts";
import { readable } from "../../../ports/foreign.ts";
import { packError, type PackedError, unpackError } from "./serialized-error.ts";

// Structured clone, which carries the messages of threads and processes, makes plain objects of instances and loses most of an
// error. What is more than plain crosses under this key, which no sane object has; one that has it is wrapped as well.
const mark = "\u0000leveret";

/** Causes may be circular, and a ninth one is not useful. */
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

/** Bytes of what goes along: fields of log lines, what errors carry. */
const longestAside = 256 * 1024;

/**
 * A value in a form that structured clone carries without loss: bigints, bytes and dates as they are, the protocol's
 * value classes and errors marked, what has `toJSON` as that.
 *
 * @throws ProtocolError `encode-failed`, CeleryError `encode-failed` for a value that no message could carry, or that is
 * larger than `maxBytes`; whatever a getter or `toJSON` of the value throws
 */
export function pack(value: unknown, maxBytes: number = Number.POSITIVE_INFINITY): unknown {
  return new Packer(maxBytes).pack(value, 0);
}

/** What was packed, again as it was. */
export function unpack(packed: unknown): unknown {
  if (typeof packed !== "object" || packed === null || packed instanceof Uint8Array) return packed;
  if (Array.isArray(packed)) return packed.map(unpack);
  if (!isPlainObject(packed)) return packed;
  return Object.hasOwn(packed, mark) ? unmark(packed as unknown as Marked) : members(packed, unpack);
}

/** A copy that no getter or Proxy of the value can change any more. Throws as `pack`, beyond so many bytes too. */
export function copyWithin(value: unknown, maxBytes: number): unknown {
  return unpack(new Packer(maxBytes).pack(value, 0));
}

/**
 * The same, for log lines and for what errors carry along: whatever cannot cross, or is too large, crosses as `readable`
 * shows it. Never throws.
 */
export function packLeniently(value: unknown): unknown {
  return new Packer(longestAside).packLeniently(value);
}

/** Packs one value, of so many bytes at most. */
class Packer {
  readonly #maxBytes: number;
  #leftBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#leftBytes = maxBytes;
  }

  pack(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "function":
      case "symbol":
        return refuse(value);
      case "string":
        this.#spend(value.length);
        return value;
      case "object":
        this.#spend(value === null ? bytesEach : objectBytes);
        return value === null ? value : this.#object(value, depth);
      case "bigint":
        this.#spend(value > -longBigint && value < longBigint ? bytesEach : bytesOf(value));
        return value;
      default:
        this.#spend(bytesEach);
        return value;
    }
  }

  packLeniently(value: unknown): unknown {
    try {
      if (isPlainObject(value)) return members(value, (member) => this.#packOrShow(member, 1));
    } catch {
      return readable(value); // a Proxy
    }
    return this.#packOrShow(value, 0);
  }

  #packOrShow(value: unknown, depth: number): unknown {
    if (this.#leftBytes <= 0) return "[…]";
    try {
      return this.pack(value, depth);
    } catch {
      return readable(value);
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth > MAX_DEPTH) {
      const why = `A value that holds itself, or nests too deep, cannot leave the child: the limit is ${MAX_DEPTH}`;
      throw new CeleryError("encode-failed", why);
    }
    if (Array.isArray(value)) return Array.from(value, (item) => this.pack(item, depth + 1));
    if (isPlainObject(value) && !("toJSON" in value)) return this.#members(value, depth + 1);
    return this.#special(value, depth + 1);
  }

  #members(object: Readonly<Record<string, unknown>>, depth: number): unknown {
    const packed = members(object, (value, key) => {
      this.#spend(key.length);
      return this.pack(value, depth);
    });
    return Object.hasOwn(object, mark) ? { [mark]: "object", value: Object.entries(packed) } : packed;
  }

  #special(value: object, depth: number): unknown {
    if (value instanceof Uint8Array) {
      this.#spend(value.byteLength);
      return ownBytes(value);
    }
    if (value instanceof Date) return new Date(Date.prototype.getTime.call(value)); // a Proxy of one cannot be cloned
    if (value instanceof Float) return { [mark]: "Float", value: this.pack(value.value, depth) };
    for (const [name, Class] of textual) if (value instanceof Class) return { [mark]: name, value: textIn(value) };
    if (value instanceof Error)
      return { [mark]: "Error", value: packError(value, (field) => this.#packOrShow(field, depth + causeDepth)) };
    if ("toJSON" in value && typeof value.toJSON === "function") return this.pack(value.toJSON(), depth);
    if (isPlainObject(value)) return this.#members(value, depth);
    return refuse(value);
  }

  #spend(bytes: number): void {
    this.#leftBytes -= bytes;
    if (this.#leftBytes >= 0) return;
    const why = `A value of more than ${this.#maxBytes} bytes cannot leave the child: store it elsewhere and return where`;
    throw new CeleryError("encode-failed", why);
  }
}

/** What a number counts for: as much as it takes at least where it is written. */
const bytesEach = 2;
/** What the frame of an object or a list counts for: as much as it takes in the memory of the parent. */
const objectBytes = 64;
const longBigint = 2n ** 64n;

/** Its class was made of the text, and is made of it again. */
function textIn(value: TextValue): string {
  if (typeof value.text === "string") return value.text;
  return refuse(value);
}

/** Half as many as its hexadecimal digits, found without writing decimal ones. */
function bytesOf(value: bigint): number {
  return value.toString(16).length / 2;
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
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const key of Object.keys(object)) setOwn(changed, key, change(object[key], key));
  return changed;
}
