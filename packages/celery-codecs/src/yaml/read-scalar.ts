import { ProtocolError, type Tree } from "@leveret/celery-protocol";
import { ownText } from "@leveret/celery-protocol/wire";
import { toFloat } from "../numbers.ts";
import { invalid } from "./invalid.ts";
import { readTimestamp } from "./timestamp.ts";

/** As for JSON: Python refuses longer ones in decimal, and the time of reading grows with the square. */
const MAX_INTEGER_LENGTH = 4300;

const TRUE = new Set(["yes", "true", "on"]);
const FALSE = new Set(["no", "false", "off"]);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Converts the string of a scalar to a value, by the last part of its tag. Source: PyYAML, yaml/constructor.py. */
const READERS: ReadonlyMap<string, (text: string) => Tree> = new Map([
  ["str", ownText],
  ["null", (): Tree => null],
  ["bool", readBool],
  ["int", readInteger],
  ["float", readFloat],
  ["timestamp", readTime],
  ["binary", readBinary],
]);

/**
 * The value of a scalar.
 *
 * @param kind - the last part of its tag.
 * @throws ProtocolError `type-unknown` for a kind that PyYAML's safe loader does not know, or for an invalid string of
 * its kind.
 */
export function readScalar(kind: string, text: string): Tree {
  const read = READERS.get(kind);
  if (read === undefined) throw unreadable("has the tag of an unsupported type");
  return read(text);
}

function readBool(text: string): boolean {
  const word = text.toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw unfit("bool");
}

function readInteger(text: string): Tree {
  if (text.length > MAX_INTEGER_LENGTH) throw invalid(`it has an integer of more than ${MAX_INTEGER_LENGTH} digits`);
  const { negative, digits } = splitSign(text);
  const size = digits.includes(":") ? sexagesimal(digits) : parseDigits(digits);
  const value = negative ? -size : size;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function parseDigits(digits: string): bigint {
  const octal = /^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits;
  if (!/^(?:\d+|0b[01]+|0o[0-7]+|0x[\da-f]+)$/.test(octal)) throw unfit("int");
  return BigInt(octal);
}

function sexagesimal(digits: string): bigint {
  if (!/^\d+(?::\d+)*$/.test(digits)) throw unfit("int");
  return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
}

function readFloat(text: string): Tree {
  const { negative, digits } = splitSign(text);
  const size = digits.split(":").reduce((sum, part) => sum * 60 + parseFloatPart(part), 0);
  return toFloat(negative ? -size : size);
}

function parseFloatPart(part: string): number {
  if (part === ".inf") return Number.POSITIVE_INFINITY;
  if (part === ".nan") return Number.NaN;
  if (!/^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(part)) throw unfit("float");
  return Number(part);
}

function splitSign(text: string): { readonly negative: boolean; readonly digits: string } {
  const digits = text.replaceAll("_", "").toLowerCase();
  const signed = digits.startsWith("-") || digits.startsWith("+");
  return { negative: digits.startsWith("-"), digits: signed ? digits.slice(1) : digits };
}

function readTime(text: string): Tree {
  try {
    const time = readTimestamp(text);
    if (time !== null) return time;
  } catch {
    throw unfit("timestamp");
  }
  throw unfit("timestamp");
}

function readBinary(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, "");
  if (!BASE64.test(digits)) throw unfit("binary");
  return new Uint8Array(Buffer.from(digits, "base64"));
}

function unfit(kind: string): ProtocolError {
  return unreadable(`is invalid for its tag ${kind}`);
}

function unreadable(what: string): ProtocolError {
  return new ProtocolError("type-unknown", "remote", `A YAML value ${what}.`);
}
