import { kindOf } from "@leveret/options";
import { RefusedPropsError } from "./refusal.ts";

/** Props have a fixed depth below this one. */
const deepest = 32;

/** More entries than any list of a manifest that Kubernetes takes. */
const longest = 100_000;

/**
 * A copy of props as plain data: lists, and objects without a class. Each property is read once, so that a getter has one value.
 *
 * @throws RefusedPropsError with the path of the first value that cannot be read or is no plain data.
 */
export function plainProps<Props extends object>(props: Props): Props {
  if (typeof props !== "object" || props === null) refuse("props", `it is ${kindOf(props)}, not an object`);
  const copy = copyOf(props, "", []);
  if (Array.isArray(copy)) refuse("props", "it is a list, not an object");
  return copy as Props;
}

function copyOf(value: unknown, prop: string, parents: readonly object[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (parents.includes(value)) refuse(prop, "the object contains itself");
  if (parents.length > deepest) refuse(prop, `it is nested deeper than ${deepest} levels`);
  const within = [...parents, value];
  if (read(prop, () => Array.isArray(value))) {
    const list = value as readonly unknown[];
    const length = read(prop, () => list.length);
    if (length > longest) refuse(prop, `the list has ${length} entries, and ${longest} is the most`);
    return Array.from({ length }, (_, index) => {
      const path = `${prop}[${index}]`;
      return copyOf(
        read(path, () => list[index]),
        path,
        within,
      );
    });
  }
  if (read(prop, () => hasClass(value))) refuse(prop, "it is an instance of a class, not plain data");
  const names = read(prop, () => Object.keys(value));
  return Object.fromEntries(
    names.map((name) => {
      const path = pathOf(prop, name);
      const entry = read(path, () => (value as Readonly<Record<string, unknown>>)[name]);
      return [name, copyOf(entry, path, within)];
    }),
  );
}

/** The prototype of a plain object ends the chain, in whichever realm the object was made. */
function hasClass(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}

function pathOf(prop: string, name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${prop}[${JSON.stringify(name)}]`;
  return prop === "" ? name : `${prop}.${name}`;
}

/** A getter or a proxy may throw. */
function read<Value>(prop: string, get: () => Value): Value {
  try {
    return get();
  } catch (error) {
    return refuse(prop, `reading it failed (${error instanceof Error ? error.name : kindOf(error)})`);
  }
}

function refuse(prop: string, reason: string): never {
  throw new RefusedPropsError([
    { prop: prop === "" ? "props" : prop, reason, remedy: "give plain objects, lists, strings, numbers and booleans" },
  ]);
}
