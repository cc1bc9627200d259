import { CeleryError } from "../ports/errors.ts";

/** Maximum of a short string in bytes (AMQP 0-9-1, section 4.2.5.3): names of headers, properties, routing keys. */
export const MAX_SHORT_BYTES = 255;

/** UTF-8 takes three bytes at most for a unit of a JavaScript string. */
const CERTAINLY_SHORT = MAX_SHORT_BYTES / 3;

/** The length in UTF-8; for a string that is short in any case, its number of UTF-16 units. */
export function byteLength(text: string): number {
  return text.length <= CERTAINLY_SHORT ? text.length : Buffer.byteLength(text);
}

/**
 * @throws CeleryError with code `encode-failed`, naming the property, for more than 255 bytes and for values other than
 * strings.
 */
export function checkShort(name: string, value: string | undefined): void {
  if (value === undefined) return;
  if (typeof value !== "string")
    throw new CeleryError("encode-failed", `The ${name} is a ${typeof value}. Give a string.`);
  const bytes = byteLength(value);
  if (bytes <= MAX_SHORT_BYTES) return;
  throw new CeleryError(
    "encode-failed",
    `The ${name} is too long: ${bytes} bytes (AMQP allows ${MAX_SHORT_BYTES}). Shorten it.`,
  );
}
