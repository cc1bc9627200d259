// Errors of others: handlers, interceptors, listeners, codecs, schemas, loggers may throw anything, and reading what they
// threw may throw again. Nothing here throws, and no string that comes out is longer than its limit.

/** Characters of a name, of a message and of one stack. */
const longest = { name: 200, message: 32_768, stack: 16_384 } as const;

/** Causes that are shown: chains may be long, or go round in a circle. */
const mostCauses = 8;

/** A field of a value; undefined where the value has none, or does not let it be read. */
export function fieldOf(value: unknown, field: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

/** `instanceof`, which asks a Proxy and may throw. */
export function isA<Class>(value: unknown, type: abstract new (...args: never[]) => Class): value is Class {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** An error of this realm, or what reads like one: of another realm, or made by hand. */
export function isErrorLike(value: unknown): boolean {
  return (
    isA(value, Error) || (typeof fieldOf(value, "stack") === "string" && typeof fieldOf(value, "message") === "string")
  );
}

/** The name of an error; `Error` where it has none. */
export function nameOf(thrown: unknown): string {
  const name = fieldOf(thrown, "name");
  return typeof name === "string" && name !== "" ? cut(name, longest.name) : "Error";
}

/** The message of an error, or the string of any other thrown value. */
export function messageOf(thrown: unknown): string {
  const message = fieldOf(thrown, "message");
  if (typeof message === "string") return cut(message, longest.message);
  return isErrorLike(thrown) ? `a message of type ${typeof message}` : textOf(thrown);
}

/** `TypeError: x is not a function`; for a value that is no error the string that stands for it. */
export function describeThrown(thrown: unknown): string {
  return isErrorLike(thrown) ? `${nameOf(thrown)}: ${messageOf(thrown)}` : messageOf(thrown);
}

/** The stack of an error; its name and message where it has none, or an `Error.prepareStackTrace` that throws. */
export function stackOf(thrown: unknown): string {
  const stack = fieldOf(thrown, "stack");
  return typeof stack === "string" ? cut(stack, longest.stack) : describeThrown(thrown);
}

/**
 * The stack, and below it those of the causes and of an AggregateError's errors, as tracebacks of Python show them; null
 * for a value that is no error.
 */
export function tracebackOf(thrown: unknown): string | null {
  const stacks: string[] = [];
  const line = [thrown];
  for (let at = line.shift(); isErrorLike(at) && stacks.length < mostCauses; at = line.shift()) {
    stacks.push(stackOf(at));
    line.push(...[fieldOf(at, "cause"), ...errorsOf(at)].filter(isErrorLike));
  }
  return stacks.length === 0 ? null : stacks.join("\nCaused by: ");
}

/** The errors of an AggregateError; none of another. */
export function errorsOf(thrown: unknown): readonly unknown[] {
  const errors = fieldOf(thrown, "errors");
  try {
    return Array.isArray(errors) ? errors.slice(0, mostCauses) : [];
  } catch {
    return [];
  }
}

/** The same error where it can be read safely, else an error with its readable parts. */
export function asError(thrown: unknown): Error {
  if (isA(thrown, Error) && isReadable(thrown)) return thrown;
  return new Error(describeThrown(thrown));
}

/** The string that stands for any value: never its content, where that is an object. */
export function textOf(value: unknown): string {
  try {
    if (typeof value === "bigint")
      return value > -bigintLimit && value < bigintLimit ? `${value}` : "a very large bigint";
    if (typeof value === "function") return "a function";
    return cut(String(value), longest.message);
  } catch {
    return "an object that cannot be read";
  }
}

/** A string cut at the limit, with an ellipsis. */
export function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** Writing a bigint takes the square of its length. */
const bigintLimit = 10n ** 1_000n;

function isReadable(error: Error): boolean {
  try {
    const { name, message, stack } = error;
    return (
      typeof name === "string" && typeof message === "string" && message.length <= longest.message && stack !== null
    );
  } catch {
    return false;
  }
}
