import type { Refusal } from "../refusal/refusal.ts";
import { annotationKey, labelKey, labelValue, longestAnnotations, type Rule } from "./rules.ts";

/** Props by their name; those that are not given are passed over. */
type Given<Value> = Readonly<Record<string, Value | undefined>>;

/** Checks strings by one rule. */
export function checkTexts(given: Given<string>, rule: Rule, remedy: string): readonly Refusal[] {
  return Object.entries(given).flatMap(([prop, text]) => {
    const reason = text === undefined ? null : rule(text);
    return reason === null ? [] : [{ prop, reason, remedy }];
  });
}

/** Integers within bounds, both included. */
export function checkIntegers(given: Given<number>, least: number, most: number): readonly Refusal[] {
  return Object.entries(given).flatMap(([prop, value]) =>
    value === undefined || (Number.isInteger(value) && value >= least && value <= most)
      ? []
      : [{ prop, reason: `${value} is no integer from ${least} to ${most}`, remedy: "change it" }],
  );
}

/** Labels, or a selector by labels. */
export function checkLabels(prop: string, labels: Given<string> = {}): readonly Refusal[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkTexts(
      { [`${prop}["${key}"]`]: key },
      labelKey,
      "write NAME or DOMAIN/NAME, with letters, digits, dashes, dots and underscores, at most 63 of them",
    ),
    ...checkTexts(
      { [`${prop}["${key}"]`]: value },
      labelValue,
      "use letters, digits, dashes, dots and underscores, at most 63 of them",
    ),
  ]);
}

/** Labels that this package sets by itself, so that a second value would be lost. */
export function refuseOwnLabels(labels: Given<string> = {}, own: Given<string>): readonly Refusal[] {
  return Object.keys(labels)
    .filter((key) => Object.hasOwn(own, key))
    .map((key) => ({
      prop: `labels["${key}"]`,
      reason: "this package sets that label itself",
      remedy: "use another key, or leave it out",
    }));
}

/** Annotations, whose values are free but not endless; `others` are the bytes of those that are rendered beside them. */
export function checkAnnotations(
  prop: string,
  annotations: Given<string> = {},
  others: number = 0,
): readonly Refusal[] {
  const bytes = Buffer.byteLength(Object.entries(annotations).flat().join("")) + others;
  return [
    ...Object.keys(annotations).flatMap((key) =>
      checkTexts(
        { [`${prop}["${key}"]`]: key },
        annotationKey,
        "write NAME or DOMAIN/NAME, with letters, digits, dashes, dots and underscores, at most 63 of them",
      ),
    ),
    ...(bytes > longestAnnotations
      ? [
          {
            prop,
            reason: `${bytes} bytes are more than the ${longestAnnotations} of all annotations of an object`,
            remedy: "shorten them",
          },
        ]
      : []),
  ];
}
