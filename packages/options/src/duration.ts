import { type Shape, shape } from "./shape.ts";

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The longest duration, 100 000 years of 365 days: far beyond use, well within what a JavaScript date can hold. */
const longestMs = 100_000 * 365 * unitMs.d;

/** A duration, a number of seconds or a string with its unit, in whole milliseconds; null for any other value. */
export function millisecondsOf(given: unknown): number | null {
  const ms = typeof given === "number" ? given * unitMs.s : stringMs(given);
  return Number.isFinite(ms) && ms >= 0 && ms <= longestMs ? Math.round(ms) : null;
}

/**
 * A duration.
 *
 * @param leastMs - the shortest that is accepted
 * @param mostMs - the longest that is accepted
 */
export function duration(leastMs: number = 0, mostMs: number = longestMs): Shape {
  const least = leastMs === 0 ? "from 0" : `from ${leastMs / 1_000}`;
  const range = mostMs === longestMs ? least : `${least} to ${Math.floor(mostMs / 1_000)}`;
  return shape(`seconds as a number ${range}, or a string such as "250ms", "10s", "5m", "2h" or "1d"`, (value) => {
    const ms = millisecondsOf(value);
    return ms !== null && ms >= leastMs && ms <= mostMs;
  });
}

function stringMs(given: unknown): number {
  const [, count, unit] = (typeof given === "string" && written.exec(given)) || [];
  return count === undefined ? Number.NaN : Number(count) * unitMs[unit as keyof typeof unitMs];
}
