import { CeleryError, defineTask } from "@leveret/celery-amqp";
import { describe, expect, test } from "vitest";
import { type BeatSchedule, createBeat, crontab, type Schedule } from "../../src/index.ts";
import { resolveEntries } from "../../src/schedule/entry.ts";
import { resolveSchedule } from "../../src/schedule/schedule.ts";
import { zone } from "../../src/schedule/zone.ts";

const utc = zone("UTC");
const at = (text: string): number => Date.parse(text);

test.each<readonly [Schedule, string, string]>([
  [30, "2026-01-01T00:00:00Z", "2026-01-01T00:00:30Z"],
  [0.5, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z"],
  ["5m", "2026-01-01T00:00:10Z", "2026-01-01T00:05:10Z"],
  ["30 7 * * mon-fri", "2026-01-02T08:00:00Z", "2026-01-05T07:30:00Z"],
  [crontab({ minute: 0, hour: [6, 18] }), "2026-01-01T06:00:00Z", "2026-01-01T18:00:00Z"],
  [crontab("0 0 29 2 *"), "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"],
])("schedule %j after %s is %s", (schedule, after, next) => {
  expect(resolveSchedule(schedule, utc, "x").nextAfter(at(after))).toBe(at(next));
});

test.each<readonly [Schedule, string, string, string | null]>([
  ["10s", "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z", null],
  ["10s", "2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z", "2026-01-01T00:00:10Z"],
  ["10s", "2026-01-01T00:00:03Z", "2026-05-01T00:00:00Z", "2026-04-30T23:59:53Z"],
  ["0 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:59:59Z", null],
  ["0 * * * *", "2026-01-01T00:00:00Z", "2026-01-09T05:59:59Z", "2026-01-09T05:00:00Z"],
  ["0 0 29 2 *", "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2024-02-29T00:00:00Z"],
  ["0 0 29 2 *", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", null],
])("the latest of %j after %s until %s is %s", (schedule, after, until, latest) => {
  const found = resolveSchedule(schedule, utc, "x").latest(at(after), at(until));
  expect(found === null ? null : new Date(found).toISOString()).toBe(
    latest === null ? null : new Date(latest).toISOString(),
  );
});

describe("the clock on the wall", () => {
  const berlin = zone("Europe/Berlin");
  test.each([
    ["in winter", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"],
    ["in summer", "2026-07-01T10:00:00Z", "2026-07-01T12:00:00Z"],
    ["half an hour before it is put forward", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"],
    ["the first of two", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"],
  ])("%s shows what it shows, and back", (_, instant, wall) => {
    expect(berlin.wallOf(at(instant))).toBe(at(wall));
    expect(berlin.instantOf(at(wall))).toBe(at(instant));
  });

  test("skips an hour, which counts on, and repeats one, which is the first", () => {
    expect(berlin.instantOf(at("2026-03-29T02:30:00Z"))).toBe(at("2026-03-29T01:30:00Z"));
    expect(berlin.wallOf(at("2026-10-25T01:30:00Z"))).toBe(at("2026-10-25T02:30:00Z"));
  });

  test("a beat that starts within the repeated hour goes on after it", () => {
    const every = resolveSchedule("*/10 * * * *", berlin, "x");
    expect(every.nextAfter(at("2026-10-25T01:35:00Z"))).toBe(at("2026-10-25T02:00:00Z"));
  });
});

const task = "demo.add";
test.each<readonly [string, object, RegExp]>([
  ["entries that are none", { entries: [] }, /: entries \(a list\)\. Give an object/],
  ["no entry", { entries: {} }, /: entries \(none enabled\)/],
  ["an entry without a task", { entries: { a: { schedule: 1 } } }, /entries\["a"\]\.task/],
  ["an entry without a schedule", { entries: { a: { task } } }, /entries\["a"\]\.schedule \(missing\)/],
  ["a schedule of nothing", { entries: { a: { task, schedule: 0 } } }, /entry "a": schedule is 0/],
  ["a schedule that is a word", { entries: { a: { task, schedule: "daily" } } }, /schedule is "daily"/],
  ["four fields", { entries: { a: { task, schedule: "* * * *" } } }, /give five fields/],
  ["a day that never comes", { entries: { a: { task, schedule: "0 0 31 2 *" } } }, /never comes/],
  [
    "a misspelt option",
    { entries: { a: { task, schedule: 1, arguments: [] } } },
    /entries\["a"\]\.arguments \(unknown\)/,
  ],
  ["an id of its own", { entries: { a: { task, schedule: 1, options: { id: "x" } } } }, /without id and eta/],
  ["a zone nobody knows", { entries: { a: { task, schedule: 1 } }, timezone: "Mars/Base" }, /timezone is "Mars\/Base"/],
  [
    "a policy nobody knows",
    { entries: { a: { task, schedule: 1 } }, catchUp: "twice" },
    /: catchUp \("twice"\)\. Give "skip", "once" or "all"/,
  ],
  ["an option nobody knows", { entries: { a: { task, schedule: 1 } }, interval: 3 }, /: interval \(unknown\)/],
])("%s is refused by name", (_, options, message) => {
  expect(() => createBeat(options as never)).toThrow(CeleryError);
  expect(() => createBeat(options as never)).toThrow(message);
});

test("a task gives its own options, an entry's win, and what is not enabled is left out", () => {
  const images = defineTask("images", { queue: "images", priority: 3, run: () => null });
  const schedule: BeatSchedule = {
    a: { task: images, schedule: 1, options: { priority: 5 } },
    b: { task: "x", schedule: 1, enabled: false },
  };
  expect(resolveEntries(schedule, utc)).toMatchObject([
    { name: "a", task: "images", args: [], kwargs: {}, options: { queue: "images", priority: 5 } },
  ]);
});
