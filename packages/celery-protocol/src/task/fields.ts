import { Float } from "../content/lossless.ts";
import { isPlainObject, setOwn } from "../content/plain-object.ts";
import { parseIso } from "../time/iso8601.ts";
import type { WireTime } from "../time/wire-time.ts";
import { ProtocolError } from "../wire/errors.ts";
import { kindOf, quoted } from "../wire/show.ts";
import type { TimeLimit } from "./message.ts";

/** Untrusted values of a received message by name: the headers of protocol 2, the body of protocol 1. */
export type Fields = Readonly<Record<string, unknown>>;

/** The error for a decoded message that is not a valid task. */
export function invalid(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError("message-invalid", "remote", `The message is not a valid task: ${what}.`, { cause });
}

/** A required string. A number is converted, since Celery runs a task whose id is a number. */
export function requiredText(fields: Fields, key: string): string {
  const text = optionalText(fields, key);
  if (text === null || text === "") throw invalid(`it has no ${key}`);
  return text;
}

/** A string, or null where it is missing or null. */
export function optionalText(fields: Fields, key: string): string | null {
  const value = fields[key] ?? null;
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw invalid(`${key} is ${kindOf(value)}, not a string`);
}

/** A string for people: any other value is dropped, so that it does not fail the task. */
export function remark(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === "string" ? value : null;
}

/** An integer from 0, also as a string of digits; null where it is missing or null. */
export function optionalCount(fields: Fields, key: string): number | null {
  const value = fields[key] ?? null;
  if (value === null) return null;
  const count = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : toNumber(value);
  if (count !== null && Number.isSafeInteger(count) && count >= 0) return count;
  throw invalid(`${key} is ${kindOf(value)}, not an integer from 0`);
}

/** A boolean, by Python's truth values for numbers; null where it is missing or null. */
export function optionalFlag(fields: Fields, key: string): boolean | null {
  const value = fields[key] ?? null;
  if (value === null || typeof value === "boolean") return value;
  const number = toNumber(value);
  if (number !== null) return number !== 0;
  throw invalid(`${key} is ${kindOf(value)}, not true or false`);
}

/** A time as ISO 8601; null where it is missing or null. */
export function optionalTime(fields: Fields, key: string): WireTime | null {
  const value = fields[key] ?? null;
  if (value === null) return null;
  if (typeof value !== "string") throw invalid(`${key} is ${kindOf(value)}, not a time as a string`);
  try {
    return parseIso(value);
  } catch (cause) {
    throw invalid(`${key} is not a time: ${quoted(value)}`, cause);
  }
}

/** `[hard, soft]` in seconds, each or the whole null for none. */
export function timeLimit(fields: Fields, key: string): TimeLimit {
  const value = fields[key] ?? null;
  if (value === null) return { hardSeconds: null, softSeconds: null };
  if (!Array.isArray(value) || value.length !== 2) throw invalid(`${key} is not two numbers [hard, soft]`);
  return { hardSeconds: seconds(value[0], key), softSeconds: seconds(value[1], key) };
}

/** A list of strings; null where it is missing or null. */
export function optionalTexts(fields: Fields, key: string): readonly string[] | null {
  const value = fields[key] ?? null;
  if (value === null) return null;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw invalid(`${key} is not a list of strings`);
}

/** An object; empty where it is missing or null. */
export function table(fields: Fields, key: string): Fields {
  const value = fields[key] ?? {};
  if (isPlainObject(value)) return value;
  throw invalid(`${key} is ${kindOf(value)}, not an object`);
}

/** The fields whose names are not among the known ones. */
export function unknownFields<Value>(
  fields: Readonly<Record<string, Value>>,
  known: ReadonlySet<string>,
): Record<string, Value> {
  const unknown: Record<string, Value> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && !known.has(key)) setOwn(unknown, key, value);
  }
  return unknown;
}

function seconds(value: unknown, key: string): number | null {
  if (value === null) return null;
  const number = toNumber(value);
  if (number !== null && Number.isFinite(number) && number >= 0) return number;
  throw invalid(`${key} is not two numbers [hard, soft] but has ${kindOf(value)}`);
}

function toNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof Float ? value.value : null;
}
