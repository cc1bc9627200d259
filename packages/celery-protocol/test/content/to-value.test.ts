import { expect, test } from "vitest";
import { readJson } from "../../src/content/json-read.ts";
import { toValue } from "../../src/content/to-value.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";

/** The table of docs/values.md, row by row. */
test.each<[string, string, unknown]>([
  ["an integer", "1", 1],
  ["an integer beyond 2^53", "9007199254740993", 9007199254740993n],
  ["a whole float", "1.0", 1],
  ["a float", "0.1", 0.1],
  ["minus zero", "-0.0", -0],
  ["NaN", "NaN", Number.NaN],
  ["Infinity", "[Infinity]", [Infinity]],
  ["null and flags", "[null, true]", [null, true]],
  ["a datetime", '{"__type__": "datetime", "__value__": "1970-01-01T00:00:01.000999"}', new Date(1000)],
  ["a date", '{"__type__": "date", "__value__": "2024-02-29"}', new LocalDate("2024-02-29")],
  ["a time", '{"__type__": "time", "__value__": "13:14"}', new LocalTime("13:14")],
  ["a decimal", '{"__type__": "decimal", "__value__": "1.20"}', new Decimal("1.20")],
  ["a uuid", `{"__type__": "uuid", "__value__": {"hex": "${"0".repeat(32)}"}}`, new Uuid("0".repeat(32))],
  ["bytes", '{"__type__": "base64", "__value__": "/w=="}', new Uint8Array([255])],
  ["nested values", '{"a": [{"b": 2.0}]}', { a: [{ b: 2 }] }],
])("a handler sees %s", (_what, text, value) => {
  expect(toValue(readJson(text))).toEqual(value);
});

test("a handler may change what it sees; the tree stays for whoever comes next", () => {
  const tree = readJson('{"a": [1]}');
  const value = toValue(tree) as { a: number[] };
  value.a.push(2);
  expect(tree).toEqual({ a: [1] });
});

test("a key __proto__ stays an own property", () => {
  const value = toValue(readJson('{"__proto__": {"admin": true}}')) as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(value["admin"]).toBeUndefined();
});
