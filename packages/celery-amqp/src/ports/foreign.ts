import { isPlainObject, setOwn } from "@leveret/celery-protocol/wire";
import {
  cut,
  describeThrown,
  errorsOf,
  fieldOf,
  isA,
  isErrorLike,
  messageOf,
  nameOf,
  stackOf,
  textOf,
} from "./thrown.ts";

// Values of others: what handlers return, log and throw. Getters, `toJSON` and Proxies may throw at each access, values
// may be endless or circular. These functions never throw, and their results are bounded.

/** Objects within objects, and values and characters of one value, beyond which there is only an ellipsis. */
const most = { depth: 8, values: 2_000, characters: 65_536 } as const;

/**
 * A copy of any value that JSON and structured clone carry: strings, numbers, booleans, null, arrays and plain objects. An
 * error becomes its name, message, stack, own fields and cause; a Map the object of its entries; a Set an array; for what
 * cannot be read or shown stands a string in brackets.
 */
export function readable(value: unknown): unknown {
  return new Reader().read(value, 0);
}

/** What was handed to a logger as fields: an object as it is, an error under `error`, any other value under `value`. */
export function asFields(given: unknown): Readonly<Record<string, unknown>> {
  if (given === undefined || given === null) return {};
  if (isErrorLike(given)) return { error: given };
  if (typeof given !== "object" || isList(given)) return { value: given };
  try {
    return { ...given };
  } catch {
    return readableFields(given as Readonly<Record<string, unknown>>); // a getter or a Proxy
  }
}

function isList(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return true; // a revoked Proxy
  }
}

/** The fields of a log line, each made readable; the same object where all of them are plain already. */
export function readableFields<Fields extends Readonly<Record<string, unknown>>>(fields: Fields): Fields {
  try {
    if (Object.values(fields).every(isPlain)) return fields;
    return new Reader().members(fields, -1) as Fields;
  } catch {
    return {} as Fields; // a Proxy
  }
}

function isPlain(value: unknown): boolean {
  const type = typeof value;
  if (type === "string") return (value as string).length <= most.characters;
  return type === "boolean" || type === "undefined" || value === null || Number.isFinite(value);
}

class Reader {
  readonly #open = new Set<object>();
  #values: number = most.values;
  #characters: number = most.characters;

  read(value: unknown, depth: number): unknown {
    this.#values -= 1;
    if (this.#values < 0) return "[…]";
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "boolean":
      case "undefined":
        return value;
      case "object":
        return value === null ? null : this.#object(value, depth);
      case "bigint":
        return textOf(value);
      default:
        return this.#text(`[${textOf(value)}]`);
    }
  }

  members(object: object, depth: number): Record<string, unknown> {
    const read: Record<string, unknown> = {};
    for (const key of Object.keys(object)) {
      if (this.#values <= 0) break;
      setOwn(read, this.#text(key), this.#member(object, key, depth));
    }
    return read;
  }

  /** A getter that throws costs its own member alone. */
  #member(object: object, key: string, depth: number): unknown {
    try {
      return this.read((object as Record<string, unknown>)[key], depth + 1);
    } catch (error) {
      return this.#text(`[threw ${describeThrown(error)}]`);
    }
  }

  #object(value: object, depth: number): unknown {
    if (this.#open.has(value)) return "[circular]";
    if (depth > most.depth) return "[…]";
    this.#open.add(value);
    try {
      return this.#content(value, depth);
    } catch (error) {
      return this.#text(`[unreadable: ${describeThrown(error)}]`);
    } finally {
      this.#open.delete(value);
    }
  }

  #content(value: object, depth: number): unknown {
    if (isErrorLike(value)) return this.#error(value, depth);
    if (Array.isArray(value)) return this.#items(value, depth);
    if (isA(value, Date)) return Number.isNaN(value.getTime()) ? "[invalid Date]" : value.toISOString();
    if (isA(value, Map)) return this.#entries(value, depth);
    if (isA(value, Set)) return this.#items(value, depth);
    if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
    const toJSON = fieldOf(value, "toJSON");
    if (typeof toJSON === "function") return this.read(toJSON.call(value), depth + 1);
    if (isA(value, RegExp) || isA(value, URL)) return this.#text(String(value));
    const members = this.members(value, depth);
    return Object.keys(members).length > 0 || isPlainObject(value)
      ? members
      : this.#text(`[${value.constructor.name}]`);
  }

  #error(error: object, depth: number): unknown {
    const { name: _name, message: _message, stack: _stack, cause: _cause, ...own } = this.members(error, depth);
    const cause = fieldOf(error, "cause");
    const errors = errorsOf(error);
    return {
      name: nameOf(error),
      message: this.#text(messageOf(error)),
      stack: this.#text(stackOf(error)),
      ...own,
      ...(cause !== undefined && { cause: this.read(cause, depth + 1) }),
      ...(errors.length > 0 && { errors: this.#items(errors, depth) }),
    };
  }

  #items(items: Iterable<unknown>, depth: number): unknown {
    const read: unknown[] = [];
    for (const item of items) {
      if (this.#values <= 0) {
        read.push("[…]");
        break;
      }
      read.push(this.read(item, depth + 1));
    }
    return read;
  }

  #entries(map: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    const read: Record<string, unknown> = {};
    for (const [key, value] of map) {
      if (this.#values <= 0) break;
      setOwn(read, this.#text(typeof key === "string" ? key : textOf(key)), this.read(value, depth + 1));
    }
    return read;
  }

  #text(text: string): string {
    const shown = cut(text, Math.max(0, this.#characters));
    this.#characters -= shown.length;
    return shown;
  }
}
