import { isUtf8 } from "node:buffer";
import type { HeaderTable } from "@leveret/celery-protocol";
import { setOwn } from "@leveret/celery-protocol/wire";

/** Levels of tables and arrays that the value of a header may have, read or written. */
export const MAX_FIELD_DEPTH = 64;

/** Longest part of a header's name in a description, in characters. */
const MOST_SHOWN = 60;

/** The last second that a Date can represent. */
const LAST_SECOND = 8.64e12;

const TWO_32 = 2 ** 32;

/**
 * Reads field tables of AMQP 0-9-1 (section 4.2.5.5) with the type tags of RabbitMQ and its clients, and `U` of the
 * specification. Never throws: a header that cannot be read is left out, and `problem` names it. The depth is bounded, and
 * no byte is read twice.
 *
 * | tag | value |
 * | --- | --- |
 * | `b B s u U I i l L` | number; bigint beyond 2^53. `l` and `L` are both signed, as in RabbitMQ and py-amqp |
 * | `f d` | number; NaN and the infinities count as unreadable, as in RabbitMQ |
 * | `D` | number; its digits are signed, as in py-amqp |
 * | `S` | string; Uint8Array where the bytes are not UTF-8 |
 * | `T` | Date; a signed integer beyond the range of Date |
 * | `t V x A F` | boolean, null, Uint8Array, array, object |
 */
export class FieldTableReader {
  #problem: string | null = null;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #why = "";

  /** Why the first unreadable header of the last table was left out. Null where none was. */
  get problem(): string | null {
    return this.#problem;
  }

  /** The readable headers of the table in `bytes` from `start` to `end`, after its length. */
  read(bytes: Buffer, start: number, end: number): HeaderTable {
    this.#problem = null;
    this.#bytes = bytes;
    this.#at = start;
    const table: Record<string, unknown> = {};
    while (this.#at < end) this.#header(table, end);
    return table;
  }

  /** The length of an unreadable value is known where it is a table or an array; else it ends the table. */
  #header(table: Record<string, unknown>, end: number): void {
    const name = this.#name(end);
    const next = name === undefined ? null : this.#containerEnd(end);
    const value = name === undefined ? undefined : this.#value(end, 1);
    if (value !== undefined && typeof name === "string") return setOwn(table, name, value);
    if (value !== undefined) this.#why = "has a name that is not UTF-8";
    else this.#at = next ?? end;
    this.#problem ??= `The header ${shown(name)} ${this.#why}`;
  }

  /** Bytes where it is not UTF-8; undefined where it passes the end. */
  #name(end: number): string | Uint8Array | undefined {
    const length = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return this.#at + length <= end ? this.#text(length) : this.#fail("has a name that passes the end of the table");
  }

  #containerEnd(end: number): number | null {
    const tag = this.#bytes[this.#at];
    if ((tag !== TABLE && tag !== ARRAY) || this.#at + 5 > end) return null;
    const containerEnd = this.#at + 5 + this.#bytes.readUInt32BE(this.#at + 1);
    return containerEnd <= end ? containerEnd : null;
  }

  /** Undefined where it cannot be read; no readable value is undefined. */
  #value(end: number, depth: number): unknown {
    if (this.#at >= end) return this.#fail("ends before its value");
    const tag = this.#bytes[this.#at] ?? 0;
    const start = this.#at + 1;
    const size = SIZES[tag] ?? 0;
    if (size === 0) return this.#fail(`holds a value of the unknown type ${shownTag(tag)}`);
    // Only void has no content: its size is that of its tag.
    this.#at += size;
    if (this.#at > end) return this.#fail("passes the end of its table");
    return tag === STRING || tag === BYTES || tag === TABLE || tag === ARRAY
      ? this.#sized(tag, this.#bytes.readUInt32BE(start), end, depth)
      : this.#fixed(tag, start);
  }

  #sized(tag: number, length: number, end: number, depth: number): unknown {
    const from = this.#at;
    const to = from + length;
    if (to > end) return this.#fail("has a length that passes the end of its table");
    if (tag === STRING) return this.#text(length);
    if (tag === BYTES) {
      this.#at = to;
      return this.#bytes.subarray(from, to);
    }
    if (depth > MAX_FIELD_DEPTH) return this.#fail(`is nested deeper than ${MAX_FIELD_DEPTH} levels`);
    return tag === TABLE ? this.#table(to, depth) : this.#array(to, depth);
  }

  #table(end: number, depth: number): unknown {
    const table: Record<string, unknown> = {};
    while (this.#at < end) {
      const name = this.#name(end);
      if (name === undefined) return undefined;
      if (typeof name !== "string") return this.#fail("holds a name that is not UTF-8");
      const value = this.#value(end, depth + 1);
      if (value === undefined) return undefined;
      setOwn(table, name, value);
    }
    return table;
  }

  #array(end: number, depth: number): unknown {
    const members: unknown[] = [];
    while (this.#at < end) {
      const value = this.#value(end, depth + 1);
      if (value === undefined) return undefined;
      members.push(value);
    }
    return members;
  }

  #fixed(tag: number, at: number): unknown {
    const bytes = this.#bytes;
    switch (tag) {
      case 0x74: // t
        return bytes[at] !== 0;
      case 0x56: // V
        return null;
      case 0x49: // I
        return bytes.readInt32BE(at);
      case 0x69: // i
        return bytes.readUInt32BE(at);
      case 0x6c: // l
      case 0x4c: // L
        return int64(bytes, at);
      case 0x62: // b
        return bytes.readInt8(at);
      case 0x42: // B
        return bytes.readUInt8(at);
      case 0x73: // s
      case 0x55: // U
        return bytes.readInt16BE(at);
      case 0x75: // u
        return bytes.readUInt16BE(at);
      case 0x66: // f
        return this.#finite(bytes.readFloatBE(at));
      case 0x64: // d
        return this.#finite(bytes.readDoubleBE(at));
      case 0x44: // D
        return bytes.readInt32BE(at + 1) / 10 ** bytes.readUInt8(at);
      default: // T
        return time(bytes, at);
    }
  }

  #finite(value: number): number | undefined {
    return Number.isFinite(value) ? value : this.#fail("holds a float that is no number");
  }

  #text(length: number): string | Uint8Array {
    const from = this.#at;
    this.#at = from + length;
    return readText(this.#bytes, from, this.#at);
  }

  #fail(why: string): undefined {
    this.#why = why;
    return undefined;
  }
}

/** The string in `bytes`, or the bytes themselves where they are not UTF-8. */
export function readText(bytes: Buffer, from: number, to: number): string | Uint8Array {
  const text = bytes.toString("utf8", from, to);
  // Bytes that are not UTF-8 are decoded to U+FFFD, which may also have been sent.
  if (!text.includes("\uFFFD") || isUtf8(bytes.subarray(from, to))) return text;
  return bytes.subarray(from, to);
}

/** The unsigned integer of 64 bits, rounded beyond 2^53. */
export function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
}

function int64(bytes: Buffer, at: number): number | bigint {
  const value = bytes.readInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
  return Number.isSafeInteger(value) ? value : bytes.readBigInt64BE(at);
}

function time(bytes: Buffer, at: number): Date | number | bigint {
  const seconds = readUInt64(bytes, at);
  return seconds <= LAST_SECOND ? new Date(seconds * 1000) : int64(bytes, at);
}

const STRING = 0x53;
const BYTES = 0x78;
const TABLE = 0x46;
const ARRAY = 0x41;

/** Bytes of a value by its tag: the tag, and either the content or its length. */
const SIZES: Uint8Array = sizesOf({
  t: 2,
  b: 2,
  B: 2,
  s: 3,
  U: 3,
  u: 3,
  I: 5,
  i: 5,
  f: 5,
  D: 6,
  l: 9,
  L: 9,
  d: 9,
  T: 9,
  V: 1,
  S: 5,
  x: 5,
  A: 5,
  F: 5,
});

function sizesOf(sizes: Readonly<Record<string, number>>): Uint8Array {
  const byTag = new Uint8Array(256);
  for (const [tag, size] of Object.entries(sizes)) byTag[tag.charCodeAt(0)] = size;
  return byTag;
}

function shown(name: string | Uint8Array | undefined): string {
  if (name === undefined) return "table";
  const text = typeof name === "string" ? name : Buffer.from(name).toString("latin1");
  return JSON.stringify(text.slice(0, MOST_SHOWN));
}

function shownTag(tag: number): string {
  return tag > 0x20 && tag < 0x7f ? `"${String.fromCharCode(tag)}"` : `0x${tag.toString(16).padStart(2, "0")}`;
}
