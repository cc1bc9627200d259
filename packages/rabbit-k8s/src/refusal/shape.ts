import { nearest } from "../rabbitmq/nearest.ts";
import type { Refusal } from "./refusal.ts";

/** Looks at one prop. Values are never repeated: one may be a password in the wrong place. */
export type Shape = (value: unknown, prop: string) => readonly Refusal[];

function shape(what: string, fits: (value: unknown) => boolean): Shape {
  return (value, prop) =>
    fits(value) ? [] : [{ prop, reason: `it is ${kindOf(value)}, not ${what}`, remedy: `give ${what}` }];
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value === "string" ? "text" : typeof value}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Any text that a file can carry. */
export const text: Shape = (value, prop) => {
  if (typeof value !== "string") return shape("a text", () => false)(value, prop);
  if (/[\0\p{Surrogate}]/u.test(value)) {
    const reason = "it has a NUL or half of a character, which no manifest can carry";
    return [{ prop, reason, remedy: "take that character out" }];
  }
  if (/^[-+]?0[oOBX][0-9A-Fa-f_]+$/.test(value)) {
    const reason = "cdk8s writes this text without quotes, and kubectl reads a number";
    return [{ prop, reason, remedy: "write it in another way" }];
  }
  return [];
};

/** Any number, whether it makes sense or not. */
export const number: Shape = shape("a number", (value) => typeof value === "number");

/** True or false. */
export const boolean: Shape = shape("true or false", (value) => typeof value === "boolean");

/** What stands in settings and argument tables. */
export const scalar: Shape = (value, prop) =>
  typeof value === "string"
    ? text(value, prop)
    : shape("a text, a number, true or false", () => typeof value === "boolean" || Number.isFinite(value))(value, prop);

/** A shape, or null. */
export function orNull(each: Shape): Shape {
  return (value, prop) => (value === null ? [] : each(value, prop));
}

/** One of some words. */
export function oneOf(...words: readonly string[]): Shape {
  return shape(`one of ${words.join(", ")}`, (value) => words.some((word) => word === value));
}

/** A list. */
export function list(each: Shape): Shape {
  return (value, prop) =>
    Array.isArray(value)
      ? // Array.from sees the holes of a sparse list too.
        Array.from(value, (entry: unknown, index) => each(entry, `${prop}[${index}]`)).flat()
      : shape("a list", () => false)(value, prop);
}

/** An object whose names are free. */
export function record(each: Shape): Shape {
  return (value, prop) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, entry]) =>
          entry === undefined
            ? []
            : [...text(name, `${prop}[${JSON.stringify(name)}]`), ...each(entry, `${prop}["${name}"]`)],
        )
      : shape("an object", () => false)(value, prop);
}

/** The first shape for an object, the second for all else. */
export function either(object: Shape, other: Shape): Shape {
  return (value, prop) => (isObject(value) ? object : other)(value, prop);
}

/** An object with these props and no others; a `*` behind a name says that it must be there. */
export function props(shapes: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(shapes).map(([name, each]) => [name.replace("*", ""), each]));
  const needed = Object.keys(shapes).filter((name) => name.endsWith("*"));
  return (value, prop) => {
    if (!isObject(value)) return shape("an object", () => false)(value, prop);
    const path = (name: string): string => (prop === "" ? name : `${prop}.${name}`);
    const given = Object.entries(value).filter(([, entry]) => entry !== undefined);
    const missing = needed.map((name) => name.replace("*", "")).filter((name) => value[name] === undefined);
    return [
      ...given.flatMap(
        ([name, entry]) => known.get(name)?.(entry, path(name)) ?? [unknownProp(path(name), name, known)],
      ),
      ...missing.map((name) => ({ prop: path(name), reason: "it is missing", remedy: "give it" })),
    ];
  };
}

function unknownProp(prop: string, name: string, known: ReadonlyMap<string, Shape>): Refusal {
  const meant = nearest(name, known.keys());
  const remedy =
    meant === null ? `leave it out; there are ${[...known.keys()].join(", ")}` : `did you mean \`${meant}\``;
  return { prop, reason: "there is no such prop", remedy };
}
