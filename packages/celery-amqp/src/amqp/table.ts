import type { HeaderTable } from "@leveret/celery-protocol";
import { isPlainObject, setOwn } from "@leveret/celery-protocol/wire";
import { CeleryError } from "../ports/errors.ts";
import { MAX_FIELD_DEPTH } from "./field-table.ts";
import { byteLength, MAX_SHORT_BYTES } from "./short-string.ts";

/** A value with its AMQP type, as amqplib takes it. */
export type Typed =
  | { readonly "!": "int" | "double" | "timestamp"; readonly value: number }
  | { readonly "!": "int64"; readonly value: number | bigint }
  | { readonly "!": "object"; readonly value: Readonly<Record<string, unknown>> };

const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;

/** Each value takes a byte at least, and amqplib writes 64 KiB: bounds the walk through shared values. */
const MOST_VALUES = 65_536;

/**
 * Converts a header table to amqplib's fields. Integers get the types that py-amqp would choose (int32, else int64), a
 * Date becomes a timestamp of whole seconds, `undefined` is left out.
 *
 * @throws CeleryError with code `encode-failed`, naming the header, for values that no field can hold: functions,
 * symbols, Map, Set and instances of other classes, too large a bigint, NaN and the infinities, nesting deeper than 64,
 * names of more than 255 bytes. `message-too-large` for more values than a table can have.
 */
export function toFields(table: HeaderTable): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(table)) {
    checkName(name, name);
    const value = table[name];
    // amqplib leaves out undefined.
    setOwn(fields, name, value === undefined ? undefined : fieldOf(name, value));
  }
  return fields;
}

/** The value of one header, likewise. */
export function fieldOf(header: string, value: unknown): unknown {
  return new Walk(header).field(value, 0);
}

/** Through the value of one header. */
class Walk {
  readonly #header: string;
  #values = 0;

  constructor(header: string) {
    this.#header = header;
  }

  field(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        // RabbitMQ cannot read them, and closes the connection with 541 (3.10.8, 4.3.6).
        if (!Number.isFinite(value)) throw this.#notCarried(String(value));
        return numberToField(value);
      case "bigint":
        if (value <= MAX_INT64 && value >= -MAX_INT64 - 1n) return { "!": "int64", value };
        throw this.#notCarried("an integer beyond 64 bits");
      case "object":
        return value === null ? null : this.#object(value, depth + 1);
      case "undefined":
        return null;
      default:
        throw this.#notCarried(`a ${typeof value}`);
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth > MAX_FIELD_DEPTH) throw this.#notCarried(`a value nested deeper than ${MAX_FIELD_DEPTH}`);
    if (Array.isArray(value)) return this.#array(value, depth);
    if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (value instanceof Date) return this.#date(value);
    if (!isPlainObject(value)) throw this.#notCarried(`an instance of ${className(value)}`);
    // Marked as a table, so that amqplib does not take a key "!" in it as a type.
    return { "!": "object", value: this.#table(value, depth) };
  }

  #array(value: readonly unknown[], depth: number): unknown {
    this.#count(value.length);
    return value.map((member) => this.field(member, depth));
  }

  #table(table: HeaderTable, depth: number): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    const names = Object.keys(table);
    this.#count(names.length);
    for (const name of names) {
      checkName(name, this.#header);
      const value = table[name];
      setOwn(fields, name, value === undefined ? undefined : this.field(value, depth));
    }
    return fields;
  }

  #date(value: Date): Typed {
    const seconds = Math.floor(value.getTime() / 1000);
    if (seconds >= 0) return { "!": "timestamp", value: seconds };
    throw this.#notCarried("a time before 1970");
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values <= MOST_VALUES) return;
    throw new CeleryError(
      "message-too-large",
      `The header ${shownName(this.#header)} is too large: it holds more than ${MOST_VALUES} values. Put it into the arguments.`,
    );
  }

  #notCarried(what: string): CeleryError {
    return notCarried(this.#header, what);
  }
}

/** @throws CeleryError with code `encode-failed`, naming the header that the name stands in */
export function checkName(name: string, header: string): void {
  const bytes = byteLength(name);
  if (bytes <= MAX_SHORT_BYTES) return;
  throw notCarried(header, `a name of ${bytes} bytes (${shownName(name)}), and names have ${MAX_SHORT_BYTES} at most`);
}

function notCarried(header: string, what: string): CeleryError {
  const message = `The header ${shownName(header)} holds ${what}, which AMQP cannot carry. Leave it out.`;
  return new CeleryError("encode-failed", message);
}

function numberToField(value: number): Typed {
  if (!Number.isSafeInteger(value)) return { "!": "double", value };
  return { "!": Math.abs(value) <= MAX_INT32 ? "int" : "int64", value };
}

function className(value: object): string {
  const { constructor } = value;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "a class";
}

/** Names from the caller may be long. */
function shownName(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
