import { plain } from "./plain.ts";

const LONGEST = 100;

/** The name of an object's class, also where its prototype chain is odd. */
export function className(value: object): string {
  const constructor: unknown = "constructor" in value ? value.constructor : undefined;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "unnamed";
}

/** A name that came from outside, in quotes, for an error: short, and of visible characters alone. */
export function quoted(text: string): string {
  return plain(JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text));
}

/** What kind of value it is, for an error about a body: bodies hold arguments, which no error shows. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
