import { ProtocolError } from "./errors.ts";
import type { HeaderTable } from "./message.ts";

/**
 * Bytes that a header table may take. amqplib writes it into a buffer of 64 KiB, and one AMQP frame must hold it beside
 * the other properties; RabbitMQ's frames hold twice as much.
 */
export const MAX_HEADER_BYTES = 65_000;

const TYPE_AND_LENGTH = 5;
const LARGEST_SCALAR = 13;
/** UTF-8 takes at most three bytes for each unit of a JavaScript string. */
const UTF8_PER_UNIT = 3;

/**
 * Refuses a header table that a broker connection could not carry, before it is sent.
 *
 * @throws ProtocolError `headers-too-large`, naming the largest header.
 */
export function checkHeaderSize(headers: HeaderTable): void {
  if (tableSize(headers, unitsTimesThree) <= MAX_HEADER_BYTES) return;
  const size = tableSize(headers, utf8Length);
  if (size <= MAX_HEADER_BYTES) return;
  const largest = Object.keys(headers).reduce((a, b) => (entrySize(headers, a) >= entrySize(headers, b) ? a : b));
  const message = `The headers take ${size} bytes and may take ${MAX_HEADER_BYTES}; the largest is ${largest}.`;
  throw new ProtocolError("headers-too-large", "local", `${message} Large values belong into the arguments.`);
}

/** Bytes that a header table takes at most: numbers count as the widest type. */
export function headerBytes(headers: HeaderTable): number {
  return tableSize(headers, utf8Length);
}

type Measure = (text: string) => number;

/** Size of a field table (AMQP 0-9-1, section 4.2.5.5); numbers count as the widest type. */
function tableSize(table: HeaderTable, measure: Measure): number {
  let size = 4;
  for (const key of Object.keys(table)) size += 1 + measure(key) + valueSize(table[key], measure);
  return size;
}

function valueSize(value: unknown, measure: Measure): number {
  if (typeof value === "string") return TYPE_AND_LENGTH + measure(value);
  if (typeof value !== "object" || value === null) return LARGEST_SCALAR;
  if (value instanceof Uint8Array) return TYPE_AND_LENGTH + value.length;
  if (!Array.isArray(value)) return 1 + tableSize(value as HeaderTable, measure);
  return value.reduce<number>((size, item) => size + valueSize(item, measure), TYPE_AND_LENGTH);
}

function entrySize(headers: HeaderTable, key: string): number {
  return valueSize(headers[key], utf8Length);
}

function unitsTimesThree(text: string): number {
  return text.length * UTF8_PER_UNIT;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
