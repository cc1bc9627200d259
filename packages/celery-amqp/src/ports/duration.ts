import { describe, duration as durationShape, millisecondsOf } from "@leveret/options";
import { CeleryError } from "./errors.ts";

/**
 * A length of time as a user writes it: a string with its unit (`"250ms"`, `"10s"`, `"5m"`, `"1.5h"`, `"7d"`),
 * or a bare number of **seconds**, which is Celery's unit.
 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const shape = durationShape();

/**
 * A duration in whole milliseconds.
 *
 * @param duration - a number of seconds, or a string with its unit
 * @param option - the option or argument, for the error
 * @throws CeleryError `option-invalid` for a value that is no duration, negative or infinite
 */
export function durationMs(duration: Duration, option: string): number {
  const ms = millisecondsOf(duration);
  if (ms !== null) return ms;
  const [wrong] = shape(duration);
  throw new CeleryError("option-invalid", `Invalid duration: ${option} (${describe(duration)}). ${wrong?.remedy}.`);
}
