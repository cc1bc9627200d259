import { either, flag, kindOf, record as recordOf, type Shape, shape } from "@leveret/options";
import type { Refusal } from "./refusal.ts";

/** Any string that a file can carry. */
export const text: Shape = (value) => {
  if (typeof value !== "string") return [{ path: "", fault: "unfit", value, remedy: "Give a string" }];
  if (/[\0\p{Surrogate}]/u.test(value)) {
    const reason = "it has a NUL or half of a character, which no manifest can carry";
    return [{ path: "", fault: "unfit", reason, remedy: "Remove that character" }];
  }
  if (/^[-+]?0[oOBX][0-9A-Fa-f_]+$/.test(value)) {
    const reason = "cdk8s writes this string without quotes, and kubectl reads a number";
    return [{ path: "", fault: "unfit", reason, remedy: "Write it differently" }];
  }
  return [];
};

/** Any number, whether it makes sense or not. */
export const number: Shape = shape("a number", (value) => typeof value === "number");

const finite = shape("a number", Number.isFinite);

/** A value in settings and argument tables. */
export const scalar: Shape = either(text, either(finite, flag));

/** An object whose names are free. */
export function record(each: Shape): Shape {
  return recordOf(each, text);
}

/** What a shape finds in props. Values are never repeated: one may be a password in the wrong prop. */
export function refusalsOf(of: Shape, props: unknown): readonly Refusal[] {
  return of(props).map(({ path, fault, reason, remedy, ...given }) => {
    const unfit = reason ?? ("value" in given ? `it is ${kindOf(given.value)}` : "its getter throws");
    return {
      prop: path,
      reason: { unknown: "there is no such prop", missing: "it is missing", unfit }[fault],
      remedy,
    };
  });
}
