import type { HeaderTable } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";

/** A value with its AMQP type said, as amqplib reads and writes it. */
interface Typed {
  readonly "!": string;
  readonly value: unknown;
}

const MAX_DEPTH = 64;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * A header table in amqplib's terms. Whole numbers get the types that py-amqp would choose (int32, else int64), a Date
 * becomes a timestamp of whole seconds, `undefined` is left out.
 *
 * @param into - filled instead of a new object; whatever names it has are names of the table
 * @throws CeleryError with code `encode-failed` for what no field can hold: functions, symbols, too large a bigint,
 * NaN and the infinities, nesting deeper than 64.
 */
export function toFields(table: HeaderTable, into: Record<string, unknown> = {}): Record<string, unknown> {
  return tableToFields(table, 0, into);
}

/** A header table as amqplib read it, in our terms: timestamps become Date, decimals become numbers. */
export function fromFields(fields: Record<string, unknown>): HeaderTable {
  return isPlain(fields) ? fields : tableFromFields(fields);
}

function tableToFields(table: HeaderTable, depth: number, into: Record<string, unknown>): Record<string, unknown> {
  for (const name of Object.keys(table)) {
    const value = table[name];
    // amqplib leaves out what is undefined.
    define(into, name, value === undefined ? undefined : toField(name, value, depth));
  }
  return into;
}

function toField(name: string, value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // RabbitMQ cannot read them, and closes the connection with 541 (3.10.8, 4.3.6).
      if (!Number.isFinite(value)) throw notCarried(name, String(value));
      return numberToField(value);
    case "bigint":
      if (value <= MAX_INT64 && value >= -MAX_INT64 - 1n) return { "!": "int64", value };
      throw notCarried(name, "a whole number beyond 64 bits");
    case "object":
      return value === null ? null : objectToField(name, value, depth + 1);
    case "undefined":
      return null;
    default:
      throw notCarried(name, `a ${typeof value}`);
  }
}

function numberToField(value: number): Typed {
  if (!Number.isSafeInteger(value)) return { "!": "double", value };
  return { "!": Math.abs(value) <= MAX_INT32 ? "int" : "int64", value };
}

function objectToField(name: string, value: object, depth: number): unknown {
  if (depth > MAX_DEPTH) throw notCarried(name, `something nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return value.map((member) => toField(name, member, depth));
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return dateToField(name, value);
  // Said to be a table, a key "!" in it is no type to amqplib.
  return { "!": "object", value: tableToFields(value as HeaderTable, depth, {}) };
}

function dateToField(name: string, value: Date): Typed {
  const seconds = Math.floor(value.getTime() / 1000);
  if (seconds >= 0) return { "!": "timestamp", value: seconds };
  throw notCarried(name, "a time before 1970");
}

/** Most tables hold texts, numbers and nothing else: they are passed on as they are. */
function isPlain(fields: Record<string, unknown>): boolean {
  if (Object.getPrototypeOf(fields) !== Object.prototype) return false;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (typeof value === "object" && value !== null && !isPlainList(value)) return false;
  }
  return true;
}

function isPlainList(value: object): boolean {
  return Array.isArray(value) && value.every((member) => typeof member !== "object" || member === null);
}

function tableFromFields(fields: Record<string, unknown>): HeaderTable {
  const table: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) define(table, name, fromField(fields[name]));
  // A field named __proto__ has become the prototype of amqplib's table.
  const prototype: unknown = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype) define(table, "__proto__", fromField(prototype));
  return table;
}

function fromField(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((member) => fromField(member));
  const typed = value as Typed;
  if (typed["!"] === "timestamp" && typeof typed.value === "number") return new Date(typed.value * 1000);
  if (typed["!"] === "decimal" && isDecimal(typed.value)) return typed.value.digits / 10 ** typed.value.places;
  return tableFromFields(value as Record<string, unknown>);
}

function isDecimal(value: unknown): value is { readonly digits: number; readonly places: number } {
  return typeof value === "object" && value !== null && "digits" in value && "places" in value;
}

/** As an own property, whatever the name; `__proto__` must not become a prototype. */
function define(table: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(table, name, { value, enumerable: true, configurable: true });
  else table[name] = value;
}

function notCarried(name: string, what: string): CeleryError {
  return new CeleryError("encode-failed", `The header "${name}" holds ${what}, which AMQP cannot carry: leave it out`);
}
