import type { Shape, Wrong } from "./shape.ts";

const maxLength = 80;

/** The kind of a value, for errors that must not repeat it. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  try {
    if (Array.isArray(value)) return "a list";
  } catch {
    return "a revoked proxy";
  }
  if (value === undefined) return "undefined";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A value as an error shows it: strings cut and without passwords of URLs, lists and objects by their kind alone. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return printable(JSON.stringify(cut(value.replaceAll(/:\/\/[^@/?#]*@/g, "://***@"))));
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return `${cut(String(value))}n`;
    default:
      return kindOf(value);
  }
}

function cut(string: string): string {
  return string.length <= maxLength ? string : `${string.slice(0, maxLength)}…`;
}

/** Control and format characters would reach a terminal. */
function printable(string: string): string {
  return string.replaceAll(/\p{C}/gu, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * The message of an error for one finding.
 *
 * @param owner - the thing that has the option: `the worker`, `task "add"`
 */
export function refusal(owner: string, { path, fault, reason, remedy, ...given }: Wrong): string {
  const found = fault === "unfit" ? (reason ?? ("value" in given ? describe(given.value) : "unreadable")) : fault;
  const subject = path === "" ? `Invalid options of ${owner}` : `Invalid option of ${owner}: ${printable(cut(path))}`;
  return `${subject} (${found}). ${remedy}${remedy.endsWith("?") ? "" : "."}`;
}

/** The message for the first thing that is wrong with options; null where nothing is. */
export function refusalOf(shape: Shape, options: unknown, owner: string): string | null {
  const [wrong] = shape(options);
  return wrong === undefined ? null : refusal(owner, wrong);
}
