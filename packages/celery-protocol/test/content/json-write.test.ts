import { describe, expect, test } from "vitest";
import { json } from "../../src/content/json.ts";
import { writeJson } from "../../src/content/json-write.ts";
import { DateTime, Float } from "../../src/content/lossless.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";

const write = (value: unknown) => writeJson(value, { allowNaN: false });

/** Each text is what `kombu.utils.json.dumps` 5.6.2 gives for the same value in Python. */
test.each<[string, unknown, string]>([
  ["separators with a space", { a: [1, 2], b: { c: null } }, '{"a": [1, 2], "b": {"c": null}}'],
  ["empty containers", [{}, []], "[{}, []]"],
  ["booleans", [true, false], "[true, false]"],
  ["integers", [0, -0, -1, 9007199254740991], "[0, 0, -1, 9007199254740991]"],
  ["integers of any size", 2n ** 70n, "1180591620717411303424"],
  ["numbers beyond 2^53, which are floats", [2 ** 53, 1e16, -1e21], "[9007199254740992.0, 1e+16, -1e+21]"],
  ["fractions by their shortest form", [0.1, 1.5, 1e300, 5e-324], "[0.1, 1.5, 1e+300, 5e-324]"],
  ["small fractions by Python's threshold", [0.0001, 0.00001, 1.5e-7], "[0.0001, 1e-05, 1.5e-07]"],
  ["floats that are whole", [new Float(1), new Float(-0), new Float(1e15)], "[1.0, -0.0, 1000000000000000.0]"],
  ["floats that are not finite, only passing through", new Float(Number.NaN), "NaN"],
  ["infinite floats", [new Float(Infinity), new Float(-Infinity)], "[Infinity, -Infinity]"],
  ["text beyond ASCII as escapes", "é中😀\u007f", String.raw`"\u00e9\u4e2d\ud83d\ude00\u007f"`],
  ["control characters", '\n\t\r\b\f"\\/\u0000\u001f', String.raw`"\n\t\r\b\f\"\\/\u0000\u001f"`],
  ["half a character", "\ud800", String.raw`"\ud800"`],
  ["keys like texts", { "é ": 1 }, String.raw`{"\u00e9 ": 1}`],
  ["a Date as aware UTC", new Date(1.5e12), '{"__type__": "datetime", "__value__": "2017-07-14T02:40:00+00:00"}'],
  [
    "a Date with milliseconds",
    new Date(1),
    '{"__type__": "datetime", "__value__": "1970-01-01T00:00:00.001000+00:00"}',
  ],
  [
    "a datetime as it came",
    new DateTime("2024-05-06T07:08:09"),
    '{"__type__": "datetime", "__value__": "2024-05-06T07:08:09"}',
  ],
  ["a date", new LocalDate("2024-02-29"), '{"__type__": "date", "__value__": "2024-02-29"}'],
  ["a time of day", new LocalTime("13:14:15.000016"), '{"__type__": "time", "__value__": "13:14:15.000016"}'],
  ["a decimal", new Decimal("12.3400"), '{"__type__": "decimal", "__value__": "12.3400"}'],
  [
    "a UUID",
    new Uuid("12345678-1234-5678-1234-567812345678"),
    '{"__type__": "uuid", "__value__": {"hex": "12345678123456781234567812345678"}}',
  ],
  ["bytes that are text", Buffer.from("hé"), String.raw`{"__type__": "bytes", "__value__": "h\u00e9"}`],
  ["other bytes", new Uint8Array([255, 0]), '{"__type__": "base64", "__value__": "/wA="}'],
  ["no bytes", new Uint8Array(), '{"__type__": "bytes", "__value__": ""}'],
  ["undefined in an object, dropped", { a: undefined, b: 1, c: undefined }, '{"b": 1}'],
  ["undefined in an array, null", [undefined, 1], "[null, 1]"],
  ["undefined alone, null", undefined, "null"],
  ["an object's own answer", { toJSON: () => ({ x: 1 }) }, '{"x": 1}'],
  ["a class that says how it is sent", new URL("http://localhost/a"), '"http://localhost/a"'],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), '{"a": 1}'],
  ["a key toJSON that is no answer", { toJSON: 1 }, '{"toJSON": 1}'],
  ["an own key __proto__", JSON.parse('{"__proto__": 1}'), '{"__proto__": 1}'],
  ["one key of a typed value", { __type__: "x" }, '{"__type__": "x"}'],
  ["three keys, two of a typed value", { __type__: 1, __value__: 2, a: 3 }, '{"__type__": 1, "__value__": 2, "a": 3}'],
])("writes %s", (_what, value, text) => {
  expect(write(value)).toBe(text);
});

describe("refuses, with a hint", () => {
  class Point {
    x = 1;
  }
  const loop: unknown[] = [];
  loop.push(loop);
  const orphan: unknown = Object.create(Object.create(Object.create(null)) as object);

  test.each<[string, unknown, RegExp]>([
    ["NaN", Number.NaN, /NaN cannot be encoded.*null.*allowNaN/],
    ["Infinity", [Infinity], /Infinity/],
    ["a set", new Set([1]), /class Set.*send an array/],
    ["a map", new Map(), /class Map.*Object\.fromEntries/],
    ["a promise", Promise.resolve(), /await/],
    ["an error", new Error("x"), /class Error.*message/],
    ["an array of floats", new Float32Array(1), /class Float32Array.*Array\.from/],
    ["a buffer", new ArrayBuffer(1), /Uint8Array/],
    ["a function", () => 1, /A function/],
    ["a symbol", Symbol("x"), /A symbol/],
    ["an object of a class", new Point(), /class Point.*toJSON/],
    ["an object of no class", orphan, /class unnamed/],
    ["a regular expression", /x/, /class RegExp/],
    ["an invalid Date", new Date(Number.NaN), /Date/],
    ["a Date beyond Python's years", new Date(8.64e15), /9999/],
    ["a circular value", loop, /circular/],
    ["the two keys that mark a typed value", { __value__: 1, __type__: "widget" }, /__type__ and __value__/],
  ])("%s", (_what, value, message) => {
    expect(() => json.encode(value)).toThrow(
      expect.objectContaining({ code: "encode-failed", fault: "local", message: expect.stringMatching(message) }),
    );
  });
});

test("allowNaN writes what is not finite as Python does", () => {
  expect(writeJson([Number.NaN, Infinity, -Infinity], { allowNaN: true })).toBe("[NaN, Infinity, -Infinity]");
});
