import { ProtocolError } from "./errors.ts";
import type { HeaderTable } from "./message.ts";

/**
 * Largest header table in bytes. amqplib writes it into a buffer of 64 KiB, and it must fit one AMQP frame with the
 * other properties; RabbitMQ's frames are twice as large.
 */
export const MAX_HEADER_BYTES = 65_000;

/** Levels of arrays and tables in a header. */
const MAX_DEPTH = 64;
/** Each value takes a byte at least. Bounds the walk through shared values. */
const MAX_VALUES = 65_536;

const TYPE_AND_LENGTH = 5;
const LARGEST_SCALAR = 13;
/** UTF-8 takes at most three bytes for each unit of a JavaScript string. */
const UTF8_PER_UNIT = 3;

/**
 * Refuses a header table that is too large for a frame, before it is sent.
 *
 * @param maxBytes - largest table. Default: `MAX_HEADER_BYTES`
 * @throws ProtocolError `headers-too-large`, naming the largest header; `encode-failed`, naming the header, for one
 * that is nested deeper than 64 or is circular.
 */
export function checkHeaderSize(headers: HeaderTable, maxBytes: number = MAX_HEADER_BYTES): void {
  if (tableSize(headers, unitsTimesThree) <= maxBytes) return;
  const size = tableSize(headers, utf8Length);
  if (size <= maxBytes) return;
  const largest = Object.keys(headers).reduce((a, b) => (entrySize(headers, a) >= entrySize(headers, b) ? a : b));
  const message = `The headers are too large: ${size} bytes (at most ${maxBytes}); the largest is ${shown(largest)}.`;
  throw new ProtocolError("headers-too-large", "local", `${message} Put large values into the arguments.`);
}

/** Upper bound of a header table's size in bytes: numbers count as the widest type. */
export function headerBytes(headers: HeaderTable): number {
  return tableSize(headers, utf8Length);
}

type Measure = (text: string) => number;

/** Size of a field table (AMQP 0-9-1, section 4.2.5.5); numbers count as the widest type. */
function tableSize(table: HeaderTable, measure: Measure): number {
  let size = 4;
  for (const key of Object.keys(table)) size += 1 + measure(key) + valueSize(key, table[key], measure);
  return size;
}

/** Most headers are not tables. */
function valueSize(name: string, value: unknown, measure: Measure): number {
  if (typeof value === "string") return TYPE_AND_LENGTH + measure(value);
  return typeof value === "object" && value !== null ? new Header(name, measure).size(value, 0) : LARGEST_SCALAR;
}

/** Measures one header. */
class Header {
  readonly #name: string;
  readonly #measure: Measure;
  #values = 0;

  constructor(name: string, measure: Measure) {
    this.#name = name;
    this.#measure = measure;
  }

  size(value: unknown, depth: number): number {
    if (typeof value === "string") return TYPE_AND_LENGTH + this.#measure(value);
    if (typeof value !== "object" || value === null) return LARGEST_SCALAR;
    if (value instanceof Uint8Array) return TYPE_AND_LENGTH + value.length;
    if (depth === MAX_DEPTH) throw this.#refused("encode-failed", `is nested deeper than ${MAX_DEPTH} or circular`);
    let size = TYPE_AND_LENGTH;
    if (Array.isArray(value)) {
      this.#count(value.length);
      for (const member of value) size += this.size(member, depth + 1);
      return size;
    }
    const table = value as HeaderTable;
    const names = Object.keys(table);
    this.#count(names.length);
    for (const name of names) size += 1 + this.#measure(name) + this.size(table[name], depth + 1);
    return size;
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > MAX_VALUES) throw this.#refused("headers-too-large", `has more than ${MAX_VALUES} values`);
  }

  #refused(code: "encode-failed" | "headers-too-large", why: string): ProtocolError {
    return new ProtocolError(
      code,
      "local",
      `The header ${shown(this.#name)} ${why}. Put such values into the arguments.`,
    );
  }
}

function entrySize(headers: HeaderTable, key: string): number {
  return valueSize(key, headers[key], utf8Length);
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function unitsTimesThree(text: string): number {
  return text.length * UTF8_PER_UNIT;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
