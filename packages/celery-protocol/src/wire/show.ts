const LONGEST = 100;

/** The name of an object's class, also where its prototype chain is odd. */
export function className(value: object): string {
  const constructor: unknown = "constructor" in value ? value.constructor : undefined;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "unnamed";
}

/** A value of unknown kind, short enough for an error message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shortened(value));
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : shortened(String(value));
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
