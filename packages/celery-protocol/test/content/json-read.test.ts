import { describe, expect, test } from "vitest";
import { json } from "../../src/content/json.ts";
import { MAX_DEPTH, readJson } from "../../src/content/json-read.ts";
import { writeJson } from "../../src/content/json-write.ts";
import { DateTime, Float } from "../../src/content/lossless.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

test.each<[string, unknown]>([
  ["null", null],
  [" [true , false]\n", [true, false]],
  ['{"a": {"b": [1, "x"]}}', { a: { b: [1, "x"] } }],
  ['"\\u00e9\\n\\ud83d\\ude00\\/"', "é\n😀/"],
  ['"\\ud800"', "\ud800"],
  ['["a\\"b", 1.0]', ['a"b', new Float(1)]],
  ["[]", []],
  ["[ ]", []],
  ["{ }", {}],
  ["[1.5, { }, [ ]]", [1.5, {}, []]],
  ["0", 0],
  ["-0", 0],
  ["-1", -1],
  ["9007199254740991", 9007199254740991],
  ["9007199254740992", 9007199254740992n],
  ["-9007199254740993", -9007199254740993n],
  ["1.0", new Float(1)],
  ["-0.0", new Float(-0)],
  ["1e3", new Float(1000)],
  ["1E-2", 0.01],
  ["0.99999999999999999999", new Float(1)],
  ["9007199254740993.0", 9007199254740992],
  ["1e+16", 1e16],
  ["1e400", new Float(Infinity)],
  ["NaN", new Float(Number.NaN)],
  ["[Infinity, -Infinity]", [new Float(Infinity), new Float(-Infinity)]],
  ['{"a": 1, "a": 2.5}', { a: 2.5 }],
  ['{"a": 1, "a": 2}', { a: 2 }],
  ['"at 12.5 or -0 or NaN"', "at 12.5 or -0 or NaN"],
])("reads %s", (text, tree) => {
  expect(readJson(text)).toEqual(tree);
});

test.each<[string, string, unknown]>([
  ["datetime", '"2024-05-06T07:08:09.123456+02:00"', new DateTime("2024-05-06T07:08:09.123456+02:00")],
  ["datetime", '"2024-05-06T07:08:09Z"', new DateTime("2024-05-06T07:08:09Z")],
  ["date", '"2024-02-29"', new LocalDate("2024-02-29")],
  ["date", '"2024-02-29T12:00:00"', new LocalDate("2024-02-29")],
  ["time", '"13:14:15.000016"', new LocalTime("13:14:15.000016")],
  ["decimal", '"1E+3"', new Decimal("1E+3")],
  ["decimal", "12", new Decimal("12")],
  ["decimal", "123456789012345678901234567890", new Decimal("123456789012345678901234567890")],
  ["uuid", '{"hex": "12345678123456781234567812345678"}', new Uuid("12345678-1234-5678-1234-567812345678")],
  ["bytes", '"h\\u00e9"', utf8("hé")],
  ["base64", '"/wA="', new Uint8Array([255, 0])],
])("reads a typed %s of %s", (type, value, tree) => {
  expect(readJson(`{"__type__": "${type}", "__value__": ${value}}`)).toEqual(tree);
  expect(readJson(`[{"__value__": ${value}, "__type__": "${type}"}]`)).toEqual([tree]);
});

test("sees a typed value behind escapes in its keys", () => {
  expect(readJson(String.raw`{"\u005f_type__": "decimal", "__valu\u0065__": "1"}`)).toEqual(new Decimal("1"));
});

test("leaves objects alone that have more or fewer keys than a typed value", () => {
  expect(readJson('{"__type__": "widget"}')).toEqual({ __type__: "widget" });
  expect(readJson('{"__type__": "widget", "x": 1}')).toEqual({ __type__: "widget", x: 1 });
  expect(readJson('{"__type__": 1, "__value__": 2, "x": 3}')).toEqual({ __type__: 1, __value__: 2, x: 3 });
});

test.each([
  '{"__type__": "widget", "__value__": 1}',
  '{"__type__": null, "__value__": 1}',
  '{"__type__": ["datetime"], "__value__": 1}',
  '{"__type__": 18446744073709551616, "__value__": 1}',
  '{"__type__": "toString", "__value__": 1}',
  '{"__type__": "__proto__", "__value__": 1}',
  '{"__type__": "datetime", "__value__": 1}',
  '{"__type__": "datetime", "__value__": "yesterday"}',
  '{"__type__": "date", "__value__": "2023-02-29"}',
  '{"__type__": "time", "__value__": "25:00"}',
  '{"__type__": "decimal", "__value__": "twelve"}',
  '{"__type__": "decimal", "__value__": 0.5}',
  '{"__type__": "uuid", "__value__": "12345678123456781234567812345678"}',
  '{"__type__": "uuid", "__value__": {"hex": "12"}}',
  '{"__type__": "uuid", "__value__": {}}',
  '{"__type__": "bytes", "__value__": "\\ud800"}',
  '{"__type__": "base64", "__value__": "/wA"}',
])("refuses the typed value %s", (text) => {
  expect(() => readJson(text)).toThrow(expect.objectContaining({ code: "type-unknown", fault: "remote" }));
});

test.each([
  "",
  " ",
  "{not json",
  "[1,]",
  "[1 2]",
  "[1.5,]",
  "[1.5 2]",
  '{"a" 1.5}',
  '{"a": 1.5,}',
  "{1.5: 1}",
  '{"a": 1.5]',
  "[1.5",
  "1.5 2",
  "[1.5]x",
  "01",
  "[01.5]",
  "1.",
  "[1.5, .5]",
  "+1",
  "[1.5, nan]",
  '[1.5, "a',
  '[1.5, "a\nb"]',
  '[1.5, "a\\x"]',
  '[1.5, "a\\',
  "\ufeff[]",
  "\ufeff[1.5]",
  "'a'",
  "9".repeat(4301),
])("refuses %j as no JSON", (text) => {
  expect(() => readJson(text)).toThrow(expect.objectContaining({ code: "decode-failed", fault: "remote" }));
});

test("reads an integer of as many digits as Python does", () => {
  expect(readJson("9".repeat(4300))).toBe(10n ** 4300n - 1n);
});

test.each([
  ["no UTF-8", [0x22, 0xff, 0x22]],
  ["half a surrogate pair in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["marked with a byte order", [0xef, 0xbb, 0xbf, 0x5b, 0x5d]],
])("refuses bytes that are %s, as Python does", (_what, bytes) => {
  expect(() => json.decode(new Uint8Array(bytes))).toThrow(expect.objectContaining({ code: "decode-failed" }));
});

describe("an object's key __proto__", () => {
  test.each(['{"__proto__": {"admin": true}}', '{"__proto__": {"admin": 1.0}}'])("of %s is its own", (text) => {
    const tree = readJson(text) as Record<string, unknown>;
    expect(Object.getPrototypeOf(tree)).toBe(Object.prototype);
    expect(Object.keys(tree)).toEqual(["__proto__"]);
    expect(tree["admin"]).toBeUndefined();
    expect(writeJson(tree, { allowNaN: false })).toBe(text.replace("true", "true"));
  });

  test("constructor and prototype are ordinary keys", () => {
    const text = '{"constructor": {"prototype": {"polluted": 1.5}}}';
    expect(writeJson(readJson(text), { allowNaN: false })).toBe(text);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

const nested = (depth: number, open: string, inner: string, close: string) =>
  `${open.repeat(depth)}${inner}${close.repeat(depth)}`;

describe("depth", () => {
  test.each([
    ["arrays, read natively", "[", "1", "]"],
    ["arrays, read by hand", "[", "1.0", "]"],
    ["objects, read natively", '{"a":', "1", "}"],
    ["objects, read by hand", '{"a":', "1.0", "}"],
  ])("of %s has a limit", (_what, open, inner, close) => {
    expect(() => readJson(nested(MAX_DEPTH, open, inner, close))).not.toThrow();
    for (const depth of [MAX_DEPTH + 1, 100_000]) {
      expect(() => readJson(nested(depth, open, inner, close))).toThrow(expect.objectContaining({ code: "too-deep" }));
    }
  });
});
