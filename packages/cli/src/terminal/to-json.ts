import { plain } from "@leveret/celery-protocol/wire";

/**
 * A value as one line of JSON for the next program: big integers as exact numbers, bytes as base64, dates in ISO 8601,
 * NaN and Infinity as null. Control and invisible characters are escaped.
 */
export function toJson(value: unknown): string {
  return plain(JSON.stringify(value, replace) ?? "null");
}

function replace(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === "bigint") return rawNumber(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return value;
}

/** Node 22 and later write a number's own digits by `JSON.rawJSON`; where it is missing the digits are a string. */
function rawNumber(value: bigint): unknown {
  const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
  return rawJSON === undefined ? value.toString() : rawJSON(value.toString());
}
