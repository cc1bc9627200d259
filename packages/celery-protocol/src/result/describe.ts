const MAX_LENGTH = 1024;

/** Describes a value that cannot be encoded, or for a message for people; at most 1024 characters, never throws. */
export function describe(value: unknown): string {
  const text = attempt(() => describeFreely(value)) ?? `<${typeof value}>`;
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 3)}...` : text;
}

/** The message of an exception with these arguments, near enough to what Python's `str` makes of it. */
export function describeArguments(args: readonly unknown[]): string {
  const [only] = args;
  if (args.length === 1) return typeof only === "string" ? only : describe(only);
  return args.length === 0 ? "" : `(${args.map(describe).join(", ")})`;
}

function describeFreely(value: unknown): string {
  if (typeof value === "function") return `<function ${value.name}>`;
  if (typeof value !== "object" || value === null) return typeof value === "string" ? quote(value) : String(value);
  return asJson(value) ?? `<${value.constructor.name}>`;
}

/** Python's choice of quotes: single ones, unless only double ones spare an escape. */
function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  if (!inner.includes("'")) return `'${inner}'`;
  return inner.includes('"') ? `'${inner.replaceAll("'", "\\'")}'` : `"${inner}"`;
}

/** JSON describes arrays, objects and values with `toJSON`; a Map or Set would be empty. */
function asJson(value: object): string | null {
  const tells = Array.isArray(value) || "toJSON" in value || Object.keys(value).length > 0;
  return tells ? (attempt(() => JSON.stringify(value)) ?? null) : null;
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
