import { DateTime, Float } from "./lossless.ts";
import { isPlainObject, setOwn } from "./plain-object.ts";
import type { Tree } from "./tree.ts";

/**
 * Converts a decoded body to the values that a handler gets: its own plain JavaScript values, which it may change.
 *
 * | in the tree | value |
 * | --- | --- |
 * | null, boolean, string, number, bigint | the same |
 * | `Float` | number: `1.0` is 1 |
 * | `DateTime` | Date; microseconds are dropped, a string without offset counts as UTC |
 * | `LocalDate`, `LocalTime`, `Decimal`, `Uuid` | the same |
 * | bytes | Uint8Array |
 * | array, object | a copy; a key `__proto__` is an own property |
 */
export function toValue(tree: Tree): unknown {
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) return tree.map(toValue);
  if (tree instanceof Float) return tree.value;
  if (tree instanceof DateTime) return tree.toDate();
  return isPlainObject(tree) ? copy(tree) : tree;
}

function copy(object: Readonly<Record<string, Tree>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(object)) setOwn(values, key, toValue(object[key] as Tree));
  return values;
}
