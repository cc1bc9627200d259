import type { Tree } from "@leveret/celery-protocol";
import { PythonError } from "./python-error.ts";

/** Arguments of a command, by name. */
export interface Parameters {
  /** In their order. */
  readonly required?: readonly string[];
  /** In their order; what is not among these and `required` is passed over, unless `isStrict`. */
  readonly optional?: readonly string[];
  /** Refuses what it does not know, as those of Celery's functions that take no `**kwargs`. */
  readonly isStrict?: boolean;
}

/** Arguments of a command by name. */
export type Given = Readonly<Record<string, Tree>>;

/**
 * Refuses arguments as Python's call would.
 *
 * @throws PythonError `TypeError`
 */
export function checkArguments(
  command: string,
  { required = [], optional = [], isStrict }: Parameters,
  given: Given,
): void {
  const alien = Object.keys(given).find((name) => !required.includes(name) && !optional.includes(name));
  if (isStrict === true && alien !== undefined)
    throw new PythonError("TypeError", `${command}() got an unexpected keyword argument '${alien}'`);
  const missing = required.filter((name) => !Object.hasOwn(given, name));
  if (missing.length === 0) return;
  const what = missing.length === 1 ? "argument" : "arguments";
  throw new PythonError(
    "TypeError",
    `${command}() missing ${missing.length} required positional ${what}: ${enumerate(missing.map((name) => `'${name}'`))}`,
  );
}

/** @throws PythonError `TypeError` for what is no text */
export function textOf(given: Given, name: string): string {
  const value = given[name];
  return typeof value === "string" && value !== "" ? value : wrong(name, "a string");
}

/** Null where it is missing or null. @throws PythonError `TypeError` for what is no text */
export function optionalText(given: Given, name: string): string | null {
  return isMissing(given[name]) ? null : textOf(given, name);
}

/** Whether it is there and true in Python's sense. */
export function flagOf(given: Given, name: string): boolean {
  const value = given[name];
  return Boolean(value instanceof Object && "value" in value ? value.value : value);
}

/** Null where it is missing or null. @throws PythonError `TypeError` for what is no number */
export function optionalNumber(given: Given, name: string): number | null {
  const value = given[name];
  if (isMissing(value)) return null;
  const number = Number(typeof value === "object" ? value?.valueOf() : value);
  return typeof value !== "boolean" && value !== "" && Number.isFinite(number) ? number : wrong(name, "a number");
}

/** Strings in one list of a command, and stamps in one table. */
export const mostStrings = 10_000;
/** Characters of each. */
const longestString = 1_024;

/**
 * One string or several, each once.
 *
 * @throws PythonError `TypeError` for anything else, `ValueError` beyond 10 000 strings or 1 024 characters
 */
export function textsOf(given: Given, name: string): readonly string[] {
  const value = given[name];
  if (isMissing(value)) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > mostStrings) throw new PythonError("ValueError", `${name} must be at most ${mostStrings} strings`);
  if (!list.every((item) => typeof item === "string")) return wrong(name, "a string, or a list of strings");
  if (list.some((item) => item.length > longestString))
    throw new PythonError("ValueError", `${name} must be strings of at most ${longestString} characters`);
  return [...new Set(list)];
}

/**
 * A number within bounds; null where it is missing or null.
 *
 * @throws PythonError `TypeError` where it is no number, `ValueError` where it is out of bounds
 */
export function boundedNumber(given: Given, name: string, least: number, most: number): number | null {
  const number = optionalNumber(given, name);
  if (number === null || (number >= least && number <= most)) return number;
  throw new PythonError("ValueError", `${name} must be a number from ${least} to ${most}`);
}

function isMissing(value: Tree | undefined): value is null | undefined {
  return value === undefined || value === null;
}

/** As Python lists them: `a`, `a and b`, `a, b, and c`. */
function enumerate(names: readonly string[]): string {
  if (names.length < 3) return names.join(" and ");
  return `${names.slice(0, -1).join(", ")}, and ${names.at(-1)}`;
}

function wrong(name: string, wanted: string): never {
  throw new PythonError("TypeError", `${name} must be ${wanted}`);
}
