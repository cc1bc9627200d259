import { defineTask } from "@leveret/celery-amqp";
import { expectTypeOf, test } from "vitest";
import { type BeatSchedule, createBeat, crontab, type CreateBeatOptions } from "../src/index.ts";

// Programs that must not compile, and programs like them that must. No function is called: the compiler is the test.

const report = defineTask("report", (_context, month: string, copies: number) => `${copies} of ${month}`);
const cleanup = defineTask("cleanup", () => null);
const label = defineTask<(input: { image: string }) => string>("label", { keywords: true });
const unknown = defineTask("unknown");
const schedule = "1h";

test("entries take the arguments of their tasks", () => {
  const loose: BeatSchedule = { any: { task: "report", schedule: 60, args: [1], kwargs: { x: 1 } } };
  const right = [
    () => createBeat({ entries: { each: { task: report, schedule, args: ["may", 2] } } }),
    () => createBeat({ entries: { each: { task: cleanup, schedule }, other: { task: cleanup, schedule, args: [] } } }),
    () => createBeat({ entries: { each: { task: label, schedule, kwargs: { image: "a.png" } } } }),
    () => createBeat({ entries: { each: { task: unknown, schedule, args: [1, "x"], kwargs: { y: 2 } } } }),
    () =>
      createBeat({
        entries: { each: { task: "by.name", schedule, kwargs: { y: 2 } }, two: { task: cleanup, schedule } },
      }),
    () => createBeat({ entries: loose }),
    (options: CreateBeatOptions) => createBeat(options),
  ];
  expectTypeOf(right).toBeArray();
  const wrong = [
    // @ts-expect-error: the month is a string
    () => createBeat({ entries: { each: { task: report, schedule, args: [5, 2] } } }),
    // @ts-expect-error: the arguments are missing
    () => createBeat({ entries: { each: { task: report, schedule } } }),
    // @ts-expect-error: one argument is missing
    () => createBeat({ entries: { each: { task: report, schedule, args: ["may"] } } }),
    // @ts-expect-error: its arguments are positional
    () => createBeat({ entries: { each: { task: report, schedule, kwargs: { month: "may", copies: 2 } } } }),
    // @ts-expect-error: the image is missing
    () => createBeat({ entries: { each: { task: label, schedule, kwargs: {} } } }),
    // @ts-expect-error: one entry that is right does not help the other
    () => createBeat({ entries: { a: { task: cleanup, schedule }, b: { task: report, schedule, args: [1, 2] } } }),
  ];
  expectTypeOf(wrong).toBeArray();
});

test("schedules are intervals, or five fields", () => {
  const minute: number = 5;
  const right = [
    () => createBeat({ entries: { each: { task: cleanup, schedule: "0 4 * * mon-fri" } } }),
    () => createBeat({ entries: { each: { task: cleanup, schedule: 90 } } }),
    () => createBeat({ entries: { each: { task: cleanup, schedule: crontab("0 4 * * *") } } }),
    () => crontab({ minute, hour: [0, 23], dayOfWeek: "mon-fri", dayOfMonth: 31, monthOfYear: 12 }),
    () => crontab({}),
  ];
  expectTypeOf(right).toBeArray();
  const wrong = [
    // @ts-expect-error: neither an interval nor five fields
    () => createBeat({ entries: { each: { task: cleanup, schedule: "every day" } } }),
    // @ts-expect-error: "a minute is 0 to 59"
    () => crontab({ minute: 77 }),
    // @ts-expect-error: "an hour is 0 to 23"
    () => crontab({ hour: [0, 24] }),
    // @ts-expect-error: the field is minute
    () => crontab({ minutes: 5 }),
  ];
  expectTypeOf(wrong).toBeArray();
});
