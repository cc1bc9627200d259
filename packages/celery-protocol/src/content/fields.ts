import { Float } from "./lossless.ts";
import { isPlainObject } from "./plain-object.ts";
import type { Tree } from "./tree.ts";

/** The string, or null for any other value. */
export function asText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The number, also of a `Float`, or null for any other value. */
export function asNumber(value: unknown): number | null {
  if (value instanceof Float) return value.value;
  return typeof value === "number" ? value : null;
}

/** The boolean, or null for any other value. */
export function asFlag(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

/** The array, or null for any other value. */
export function asList(tree: Tree | undefined): readonly Tree[] | null {
  return Array.isArray(tree) ? (tree as readonly Tree[]) : null;
}

/** The plain object, or null for any other value. */
export function asObject(tree: Tree | undefined): Readonly<Record<string, Tree>> | null {
  return isPlainObject(tree) ? tree : null;
}
