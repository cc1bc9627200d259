import type { Address } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";

/** What a short string holds (AMQP 0-9-1, section 4.2.5.3): names of headers, properties, routing keys. */
export const MAX_SHORT_BYTES = 255;

/** UTF-8 takes three bytes at most for a unit of a JavaScript string. */
const CERTAINLY_SHORT = MAX_SHORT_BYTES / 3;

/** The length in UTF-8; of a string that is short in any case, the number of its units. */
export function byteLength(text: string): number {
  return text.length <= CERTAINLY_SHORT ? text.length : Buffer.byteLength(text);
}

/** @throws CeleryError with code `encode-failed`, naming the property, for more than 255 bytes and for what is no string. */
export function checkShort(name: string, value: string | undefined): void {
  if (value === undefined) return;
  if (typeof value !== "string")
    throw new CeleryError("encode-failed", `The ${name} is a ${typeof value}: it must be a string.`);
  const bytes = byteLength(value);
  if (bytes <= MAX_SHORT_BYTES) return;
  throw new CeleryError(
    "encode-failed",
    `The ${name} has ${bytes} bytes, and AMQP carries ${MAX_SHORT_BYTES}. Shorten it.`,
  );
}

/** @throws CeleryError with code `encode-failed` */
export function checkAddress({ exchange, routingKey }: Address): void {
  checkShort("exchange", exchange);
  checkShort("routing key", routingKey);
}
