import { plain } from "./plain.ts";

const LONGEST = 100;

/** The name of an object's class, for any prototype chain. */
export function className(value: object): string {
  const constructor: unknown = "constructor" in value ? value.constructor : undefined;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "unnamed";
}

/** A foreign name in quotes, for an error: cut, with invisible characters escaped. */
export function quoted(text: string): string {
  return plain(JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text));
}

/** The kind of a value, for an error about a body: errors never have values of bodies. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
