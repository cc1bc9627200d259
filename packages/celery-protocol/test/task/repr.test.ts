import { describe, expect, test } from "vitest";
import { json } from "../../src/content/json.ts";
import { DateTime, Float } from "../../src/content/lossless.ts";
import type { Tree } from "../../src/content/tree.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";
import { argsRepr, kwargsRepr, saferepr } from "../../src/task/repr.ts";
import { loadVectors } from "../support/vectors.ts";

interface Sample {
  readonly args_json: unknown;
  readonly saferepr_1024: string;
}

const recorded = loadVectors("signature").find(({ name }) => name === "signature/saferepr");
const samples = Object.entries(recorded?.decoded as Record<string, Sample>);

/** Values that the file can only hold as plain JSON, in their own form. */
const OWN_FORM: Readonly<Record<string, readonly Tree[]>> = {
  float: [new Float(1), 1e16, 0.1, 1e-7, 123456789.123],
};

describe("what Celery 5.6.3 printed", () => {
  // The one without JSON holds Python sets, which no message can.
  test.each(samples.filter(([, { args_json }]) => args_json !== null))("%s", (name, { args_json, saferepr_1024 }) => {
    const args = OWN_FORM[name] ?? (json.decode(new TextEncoder().encode(JSON.stringify(args_json))) as Tree[]);
    expect(argsRepr(args)).toBe(saferepr_1024);
  });
});

/** Each text is what `celery.utils.saferepr` 5.6.3 gives for the same value in Python. */
test.each<[string, unknown, string]>([
  ["null", null, "None"],
  ["undefined", undefined, "None"],
  ["flags", [true, false], "[True, False]"],
  [
    "numbers",
    [1, 2n ** 70n, 1.5, 2 ** 53, Number.NaN, Infinity, -Infinity],
    "[1, 1180591620717411303424, 1.5, 9007199254740992.0, nan, inf, -inf]",
  ],
  ["minus zero", new Float(-0), "-0.0"],
  ["quotes", `it's "x"`, `'it\\'s "x"'`],
  ["bytes that are text", Buffer.from("it's"), "b'it's'"],
  ["other bytes", new Uint8Array([255, 1]), "b'ff01'"],
  [
    "a Date",
    new Date("2024-05-06T07:08:09.5Z"),
    "datetime.datetime(2024, 5, 6, 7, 8, 9, 500000, tzinfo=datetime.timezone.utc)",
  ],
  ["a naive datetime", new DateTime("2024-05-06T00:00:00"), "datetime.datetime(2024, 5, 6, 0, 0)"],
  ["a datetime with seconds", new DateTime("2024-05-06T00:00:09"), "datetime.datetime(2024, 5, 6, 0, 0, 9)"],
  [
    "a datetime east of Greenwich",
    new DateTime("2024-05-06T07:08:09+09:00"),
    "datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone(datetime.timedelta(seconds=32400)))",
  ],
  [
    "a datetime west of Greenwich",
    new DateTime("2024-05-06T07:08-03:30"),
    "datetime.datetime(2024, 5, 6, 7, 8, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800)))",
  ],
  [
    "a datetime of its own form",
    new DateTime("20240506T0708Z"),
    "datetime.datetime(2024, 5, 6, 7, 8, tzinfo=datetime.timezone.utc)",
  ],
  ["a datetime by week", new DateTime("2024-W01-1"), "datetime.datetime.fromisoformat('2024-W01-1')"],
  ["a day as a datetime", new DateTime("2024-05-06"), "datetime.datetime(2024, 5, 6, 0, 0)"],
  ["a date", new LocalDate("2024-02-29"), "datetime.date(2024, 2, 29)"],
  ["a time of day", new LocalTime("13:14:00.000016"), "datetime.time(13, 14, 0, 16)"],
  ["a decimal", new Decimal("1.20"), "Decimal('1.20')"],
  ["a UUID", new Uuid("0".repeat(31).concat("1")), "UUID('00000000-0000-0000-0000-000000000001')"],
  ["an object", { a: 1, b: undefined, "c'd": [] }, `{'a': 1, 'c\\'d': []}`],
  ["deep values", { a: { b: { c: { d: 1 }, e: [] } } }, "{'a': {'b': {'c': {...}, 'e': [...]}}}"],
  ["what says how it is sent", { toJSON: () => [1] }, "[1]"],
  ["a key toJSON that is no answer", { toJSON: 1 }, "{'toJSON': 1}"],
  [
    "what cannot be sent",
    [() => 1, Symbol("x"), new Map(), new Date(Number.NaN)],
    "[<function>, <symbol>, <Map>, <Date>]",
  ],
])("prints %s", (_what, value, text) => {
  expect(saferepr(value)).toBe(text);
});

test("prints what holds itself once", () => {
  const loop: unknown[] = [1];
  loop.push(loop);
  expect(saferepr(loop)).toBe("[1, <Recursion>]");
  const loud = { toJSON: (): unknown => loud };
  expect(saferepr(loud)).toBe("...");
  const self = { toJSON: (): unknown => [self] };
  expect(saferepr(self)).toBe("[[...]]");
});

/** Limits and texts as Celery 5.6.3 gives them. */
test.each<[unknown, number, string]>([
  ["one two three", 9, "'one two...'"],
  ["one two three", 20, "'one two three'"],
  ["onetwothree", 5, "'onetw...'"],
  ["onetwothree", 11, "'onetwothree...'"],
  ["😀😀😀", 2, "'😀😀...'"],
  ["😀😀", 3, "'😀😀'"],
  [new Uint8Array([97, 98, 99, 100]), 2, "b'ab...'"],
  [[1, 2, 3, 4], 5, "[1, 2..., ...]"],
  [[[1, 2], 3], 2, "[[, ...]]"],
  [[[1, 2], 3], 1, "[, ...]]"],
  [[1], 2, "[1..., ..."],
  [{ a: { b: 1 } }, 5, "{'a': , ...}}"],
  [{ aaaa: 1 }, 3, "{'aa...', ...}"],
  [{ a: 1, b: 2 }, 7, "{'a': 1..., ...}"],
  [[1234567], 4, "[123..., ..."],
])("cuts %j near %d characters", (value, maxCharacters, text) => {
  expect(saferepr(value, maxCharacters)).toBe(text);
});

test("arguments are a tuple, keyword arguments an object", () => {
  expect(argsRepr([])).toBe("()");
  expect(argsRepr([1])).toBe("(1,)");
  expect(argsRepr([1, [2]])).toBe("(1, [2])");
  expect(kwargsRepr({})).toBe("{}");
  expect(kwargsRepr({ x: "y" })).toBe("{'x': 'y'}");
});

test("a huge argument is not looked at beyond the limit", () => {
  let read = 0;
  const items = Array.from({ length: 100_000 }, () => ({ toJSON: () => read++ }));
  expect(argsRepr([items]).length).toBeLessThan(1100);
  expect(read).toBeLessThan(1000);
});
