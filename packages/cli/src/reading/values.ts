import { createContent, parseIso, ProtocolError } from "@leveret/celery-protocol";
import { encodeUtf8, isPlainObject } from "@leveret/celery-protocol/wire";
import { InvalidArgumentError } from "commander";

const content = createContent();

/** Reads a JSON list: the positional arguments of a call. Integers of any size are exact. */
export function list(text: string): readonly unknown[] {
  const value = json(text);
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError("Give a JSON list, such as '[2, 3]'.");
}

/** Reads a JSON object: the keyword arguments of a call. */
export function table(text: string): Readonly<Record<string, unknown>> {
  const value = json(text);
  if (isPlainObject(value)) return value;
  throw new InvalidArgumentError(`Give a JSON object, such as '{"x": 2}'.`);
}

/** Decodes a JSON value like a message's body. */
export function json(text: string): unknown {
  try {
    return content.decode({ contentType: "application/json", contentEncoding: "utf-8", body: encodeUtf8(text) });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new InvalidArgumentError(`It is not JSON (${error.message})`);
  }
}

/** Reads a time in ISO 8601; without an offset it is UTC, as everywhere in Celery. */
export function time(text: string): Date {
  try {
    return new Date(parseIso(text).epochMs);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new InvalidArgumentError("Give a time such as 2030-01-31T12:00:00Z.");
  }
}
