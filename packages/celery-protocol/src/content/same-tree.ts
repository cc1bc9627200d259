import { isPlainObject } from "./plain-object.ts";
import type { Tree } from "./tree.ts";

/** Whether two trees are equal, with keys in any order, as Python compares decoded bodies. */
export function isSameTree(left: Tree, right: Tree): boolean {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return left === right;
  if (Array.isArray(left)) return Array.isArray(right) && areSame(left, right);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && areSame([...left], [...right]);
  if (isPlainObject(left)) return isPlainObject(right) && haveSame(left, right);
  return "equals" in left && typeof left.equals === "function" && left.equals(right);
}

function areSame(left: readonly Tree[], right: readonly Tree[]): boolean {
  return left.length === right.length && left.every((item, index) => isSameTree(item, right[index] ?? null));
}

function haveSame(left: Readonly<Record<string, Tree>>, right: Readonly<Record<string, Tree>>): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSameTree(left[key] ?? null, right[key] ?? null));
}
