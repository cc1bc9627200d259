import { CeleryError } from "@leveret/celery-amqp";
import { Cron } from "croner";
import type { InRange } from "./field-ranges.ts";
import { expandField, type Field, fields, type FieldSpec } from "./fields.ts";
import type { Zone } from "./zone.ts";

/** Celery's `crontab`: a field left out matches every value. A day must match all three fields of days and months. */
export interface CrontabFields {
  /** 0 to 59. Default every minute. */
  readonly minute?: FieldSpec;
  /** 0 to 23. Default every hour. */
  readonly hour?: FieldSpec;
  /** 0 is Sunday; names are `sun` to `sat`. */
  readonly dayOfWeek?: FieldSpec;
  /** 1 to 31. Default every day. */
  readonly dayOfMonth?: FieldSpec;
  /** 1 to 12, or `jan` to `dec`. Default every month. */
  readonly monthOfYear?: FieldSpec;
}

/** A schedule by local time. */
export interface Crontab extends CrontabFields {
  /** Distinguishes a crontab from an interval. */
  readonly kind: "crontab";
}

/**
 * A schedule by local time, in the beat's time zone. In a string the fields have cron's order: minute, hour, day of the
 * month, month, day of the week, with spaces between (Celery's `crontab.from_string`).
 *
 * @throws CeleryError `option-invalid`
 */
export function crontab<const Fields extends CrontabFields>(when: string | InRange<Fields>): Crontab {
  const given: CrontabFields = typeof when === "string" ? readFields(when) : (when as CrontabFields);
  const schedule: Crontab = { ...given, kind: "crontab" };
  nextOnWall(schedule);
  return schedule;
}

function readFields(text: string): CrontabFields {
  const words = text.trim().split(/\s+/);
  const [minute, hour, dayOfMonth, monthOfYear, dayOfWeek] = words;
  if (words.length !== 5 || dayOfWeek === undefined) {
    throw new CeleryError(
      "option-invalid",
      `crontab "${text}": give five fields (minute, hour, day of month, month, day of week), such as "30 7 * * mon-fri"`,
    );
  }
  return { minute, hour, dayOfMonth, monthOfYear, dayOfWeek } as CrontabFields;
}

/**
 * The instant of the next run after one at `after`. Local time counts: when clocks go back, no run is repeated, and
 * none happens until local time is past the last run; when they go forward, a skipped run happens later by the same
 * amount. Source: celery/schedules.py `crontab.remaining_delta`, celery/utils/time.py `remaining`.
 *
 * @throws CeleryError `option-invalid` for days that never come
 */
export function crontabAfter(schedule: Crontab): (after: number, zone: Zone) => number {
  const next = nextOnWall(schedule);
  return (after, zone) => {
    let instant = after;
    for (let wall = zone.wallOf(after); instant <= after;) {
      wall = next(wall);
      instant = zone.instantOf(wall);
    }
    return instant;
  };
}

/** The library calculates in UTC, which has no clock changes: those follow Celery's rules, above. */
function nextOnWall(schedule: Crontab): (wallMs: number) => number {
  const cron = new Cron(pattern(schedule), { utcOffset: 0, domAndDow: true, paused: true });
  const next = (wallMs: number): number => {
    const found = cron.nextRun(new Date(wallMs));
    if (found !== null) return found.getTime();
    throw new CeleryError(
      "option-invalid",
      `crontab ${JSON.stringify(schedule)} never comes: no such day is in those months`,
    );
  };
  next(Date.UTC(2024, 0, 1));
  return next;
}

/** Fields as lists of numbers: no library reads Celery's notation. */
function pattern(schedule: Crontab): string {
  const { minute = "*", hour = "*", dayOfMonth = "*", monthOfYear = "*", dayOfWeek = "*" } = schedule;
  return [
    "0",
    listed(minute, fields.minute),
    listed(hour, fields.hour),
    listed(dayOfMonth, fields.dayOfMonth),
    listed(monthOfYear, fields.monthOfYear),
    listed(dayOfWeek, fields.dayOfWeek),
  ].join(" ");
}

function listed(spec: FieldSpec, field: Field): string {
  const values = expandField(spec, field);
  return values.length === field.size ? "*" : values.join(",");
}
