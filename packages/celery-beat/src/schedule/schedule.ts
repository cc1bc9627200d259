import { CeleryError, type Duration } from "@leveret/celery-amqp";
import { type Crontab, crontab, crontabAfter } from "./crontab.ts";
import type { Zone } from "./zone.ts";

/**
 * When a task runs: at an interval (a number of seconds, or a string with a unit: `"30s"`), or by local time, by
 * `crontab` or by a string of cron's five fields.
 */
export type Schedule = Duration | `${string} ${string} ${string} ${string} ${string}` | Crontab;

/** A checked schedule. Instants are milliseconds since the epoch. */
export interface ResolvedSchedule {
  /** A description for people. */
  readonly text: string;
  /** The first tick after an instant; of an interval, one interval after it. */
  nextAfter(epochMs: number): number;
  /** The last tick after one instant and up to another, or null. */
  latest(after: number, until: number): number | null;
}

/**
 * Checks a schedule. An interval is real time, independent of clock changes.
 *
 * @param where - the entry, for errors
 * @throws CeleryError `option-invalid`
 */
export function resolveSchedule(schedule: Schedule, zone: Zone, where: string): ResolvedSchedule {
  if (typeof schedule === "object" && schedule !== null && schedule.kind === "crontab") return byWall(schedule, zone);
  if (typeof schedule === "string" && /\s/.test(schedule.trim())) return byWall(crontab(schedule), zone);
  const everyMs = intervalMs(schedule);
  if (everyMs >= 1) return byInterval(everyMs);
  throw new CeleryError(
    "option-invalid",
    `${where}: schedule is ${JSON.stringify(schedule)}: give seconds, a time such as "30s" or "5m", five fields such as "0 4 * * mon", or crontab(…)`,
  );
}

function byInterval(everyMs: number): ResolvedSchedule {
  return {
    text: `every ${everyMs / 1_000} s`,
    nextAfter: (after) => after + everyMs,
    latest: (after, until) => (until - after < everyMs ? null : until - ((until - after) % everyMs)),
  };
}

function byWall(schedule: Crontab, zone: Zone): ResolvedSchedule {
  const next = crontabAfter(schedule);
  return {
    text: `${described(schedule)} (${zone.name})`,
    nextAfter: (after) => next(after, zone),
    latest: (after, until) => latestOf((from) => next(from, zone), after, until),
  };
}

/** Searches back in growing steps: a rare tick may be years ago, a frequent one is recent. */
function latestOf(next: (from: number) => number, after: number, until: number): number | null {
  for (let span = unitMs.h; span < until - after; span *= 8) {
    const found = lastTick(next, until - span, until);
    if (found !== null) return found;
  }
  return lastTick(next, after, until);
}

function lastTick(next: (from: number) => number, after: number, until: number): number | null {
  let [found, tick]: [number | null, number] = [null, next(after)];
  for (; tick <= until; tick = next(tick)) found = tick;
  return found;
}

function described(schedule: Crontab): string {
  const { minute = "*", hour = "*", dayOfMonth = "*", monthOfYear = "*", dayOfWeek = "*" } = schedule;
  return [minute, hour, dayOfMonth, monthOfYear, dayOfWeek].map(String).join(" ");
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of an interval as a user writes it; NaN for an invalid one. */
export function intervalMs(interval: unknown): number {
  if (typeof interval === "number") return Math.round(interval * unitMs.s);
  const [, count, unit = "s"] = (typeof interval === "string" && /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(interval)) || [];
  return count === undefined ? Number.NaN : Math.round(Number(count) * unitMs[unit as keyof typeof unitMs]);
}
