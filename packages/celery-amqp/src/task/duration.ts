import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";

/**
 * A length of time as a user writes it: a text with its unit (`"250ms"`, `"10s"`, `"5m"`, `"1.5h"`, `"7d"`),
 * or a bare number of **seconds**, which is Celery's unit.
 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The longest duration, 100 000 years of 365 days: far beyond use, well within what a JavaScript date can hold. */
const longestMs = 100_000 * 365 * unitMs.d;

/**
 * A duration in whole milliseconds.
 *
 * @param duration - what the user wrote
 * @param option - the option it was given as, for the error
 * @throws CeleryError `option-invalid` where it is no duration, negative or endless
 */
export function durationMs(duration: Duration, option: string): number {
  const ms = typeof duration === "number" ? duration * unitMs.s : textMs(duration);
  if (Number.isFinite(ms) && ms >= 0 && ms <= longestMs) return Math.round(ms);
  throw new CeleryError(
    "option-invalid",
    `${option} is ${showValue(duration)}: give seconds as a number from 0, or a text such as "10s", "250ms", "5m", "2h" or "1d"`,
  );
}

function textMs(duration: unknown): number {
  const [, count, unit] = (typeof duration === "string" && written.exec(duration)) || [];
  return count === undefined ? Number.NaN : Number(count) * unitMs[unit as keyof typeof unitMs];
}
