import type { AnyHandler } from "./task.ts";

/** A parameter list of names alone, before an arrow or a body: no defaults, no rest, nothing that hides how many there are. */
const plainParameters = /^(?:async\s+)?(?:[\w$]+\s*=>|(?:function\b[\s*]*)?[\w$]*\s*\([^()=."'`/]*\))/;

const counted = new WeakMap<AnyHandler, number>();

/**
 * How many arguments a handler names after its context; without end where defaults, a rest or `arguments` hide it.
 * Python refuses surplus arguments, JavaScript drops them without a word: a caller with an older signature would get a
 * wrong result instead of an error.
 */
export function mostArguments(handler: AnyHandler): number {
  const known = counted.get(handler);
  if (known !== undefined) return known;
  const source = Function.prototype.toString.call(handler);
  const isPlain = plainParameters.test(source) && !/\barguments\b|\[native code\]/.test(source);
  const most = isPlain ? Math.max(0, handler.length - 1) : Infinity;
  counted.set(handler, most);
  return most;
}

/**
 * How many arguments a handler must have after its context: as many as it names before the first default value or rest.
 * TypeScript's `y?` leaves no trace in a program that runs and counts as a name.
 */
export function leastArguments(handler: AnyHandler): number {
  return Math.max(0, handler.length - 1);
}

/** Names of a handler's arguments after its context, as far as its source shows them. */
export function namesOf(handler: AnyHandler): readonly string[] {
  const source = Function.prototype.toString.call(handler);
  const list = plainParameters.test(source) ? /\(([^)]*)\)/.exec(source)?.[1] : undefined;
  const names = (list ?? "").split(",").map((name) => name.trim());
  return names.every((name) => /^[\w$]+$/.test(name)) ? names.slice(1) : [];
}
