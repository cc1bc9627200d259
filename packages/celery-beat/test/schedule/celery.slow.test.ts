import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { crontab } from "../../src/index.ts";
import { expandField, type FieldName, fields } from "../../src/schedule/fields.ts";
import { resolveSchedule } from "../../src/schedule/schedule.ts";
import { zone } from "../../src/schedule/zone.ts";

interface Recorded {
  readonly recorded: { readonly start: number; readonly end: number };
  /** Field by Celery's name, text, and what it stands for, or null where Celery refuses it. */
  readonly fields: readonly (readonly [string, string, readonly number[] | null])[];
  readonly crontabs: readonly {
    readonly zone: string;
    /** minute, hour, day of week, day of month, month of year */
    readonly crontab: readonly [string, string, string, string, string];
    readonly first: number | null;
    readonly steps: readonly (readonly [number, number])[];
  }[];
}

const file = join(import.meta.dirname, "../python/fixtures/schedules.json");
const recorded = JSON.parse(readFileSync(file, "utf8")) as Recorded;

const names: Readonly<Record<string, FieldName>> = {
  minute: "minute",
  hour: "hour",
  day_of_week: "dayOfWeek",
  day_of_month: "dayOfMonth",
  month_of_year: "monthOfYear",
};

/** Celery looks at the beginning of some texts only; those that have more are refused here. */
const lenient = /^(\*\*|1 | 1|\*2)$/;

const read = (name: string, text: string): readonly number[] => expandField(text, fields[names[name] ?? "minute"]);
const understood = recorded.fields.filter(([, text]) => !lenient.test(text));

test.each(understood.filter(([, , values]) => values !== null))("field %s of %j is %j", (name, text, values) => {
  expect(read(name, text)).toEqual(values);
});

test.each(understood.filter(([, , values]) => values === null))("field %s of %j is refused", (name, text) => {
  expect(() => read(name, text)).toThrow(/^crontab: /);
});

test("what has a rest that Celery does not look at is refused", () => {
  for (const text of ["**", "1 ", " 1", "*2"]) expect(() => expandField(text, fields.hour)).toThrow(/^crontab: hour/);
});

test.each(recorded.crontabs)("$zone: $crontab runs when Celery's does, a year long", (recordedCase) => {
  const [minute, hour, dayOfWeek, dayOfMonth, monthOfYear] = recordedCase.crontab;
  const when = crontab({ minute, hour, dayOfWeek, dayOfMonth, monthOfYear });
  const schedule = resolveSchedule(when, zone(recordedCase.zone), "test");
  const { start, end } = recorded.recorded;
  const steps: [number, number][] = [];
  let [first, before]: [number | null, number] = [null, start];
  for (let tick = schedule.nextAfter(start * 60_000); tick < end * 60_000; tick = schedule.nextAfter(tick)) {
    const minuteOfTick = tick / 60_000;
    const step = minuteOfTick - before;
    const last = steps.at(-1);
    if (first === null) first = minuteOfTick;
    else if (last?.[0] === step) last[1] += 1;
    else steps.push([step, 1]);
    before = minuteOfTick;
  }
  expect({ first, steps }).toEqual({ first: recordedCase.first, steps: recordedCase.steps });
});
