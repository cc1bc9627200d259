import { describe, expect, test } from "vitest";
import { fromFields, toFields } from "../../src/amqp/table.ts";

describe("values get the AMQP types that py-amqp would give them", () => {
  test.each<[string, unknown, unknown]>([
    ["a text", "x", "x"],
    ["nothing", null, null],
    ["a truth", true, true],
    ["a small whole number", 3, { "!": "int", value: 3 }],
    ["a negative one", -(2 ** 31 - 1), { "!": "int", value: -(2 ** 31 - 1) }],
    ["a large one", 2 ** 31, { "!": "int64", value: 2 ** 31 }],
    ["a fraction", 0.5, { "!": "double", value: 0.5 }],
    ["a bigint", 2n ** 62n, { "!": "int64", value: 2n ** 62n }],
    ["a time", new Date(1_500), { "!": "timestamp", value: 1 }],
    ["bytes", Uint8Array.of(1, 2), Buffer.of(1, 2)],
    ["a list", [1, undefined], [{ "!": "int", value: 1 }, null]],
    ["a table", { a: "b" }, { "!": "object", value: { a: "b" } }],
    [
      "a table that looks typed",
      { "!": "int", value: 1 },
      { "!": "object", value: { "!": "int", value: { "!": "int", value: 1 } } },
    ],
  ])("%s", (_name, value, field) => {
    expect(toFields({ value })).toEqual({ value: field });
  });

  test("what is undefined is left out", () => {
    expect(toFields({ a: undefined })).toEqual({});
  });

  const deep = (levels: number): unknown => (levels === 0 ? "end" : { next: deep(levels - 1) });
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;

  test.each<[string, unknown]>([
    ["a function", () => {}],
    ["a symbol", Symbol("s")],
    ["too large a number", 2n ** 63n],
    ["a time before 1970", new Date(-1000)],
    ["no time at all", new Date(Number.NaN)],
    ["no number", Number.NaN],
    ["infinity", [{ deep: Number.POSITIVE_INFINITY }]],
    ["deep nesting", deep(65)],
    ["a circle", circle],
  ])("%s is refused by the header's name", (_name, value) => {
    expect(() => toFields({ wrong: value })).toThrow(expect.objectContaining({ code: "encode-failed" }));
  });
});

describe("what amqplib read is given back in plain values", () => {
  test("a table of plain values is passed on as it is", () => {
    const fields = { a: "b", n: 1, list: [1, null], nothing: null };
    expect(fromFields(fields)).toBe(fields);
  });

  test("timestamps become times, decimals numbers, at any depth", () => {
    const time = { "!": "timestamp", value: 60 };
    const fields = { time, list: [{ time }], price: { "!": "decimal", value: { places: 2, digits: 150 } } };
    expect(fromFields(fields)).toEqual({ time: new Date(60_000), list: [{ time: new Date(60_000) }], price: 1.5 });
  });

  test("a table that only looks typed stays a table", () => {
    const fields = { odd: { "!": "timestamp", value: "noon" } };
    expect(fromFields(fields)).toEqual(fields);
  });

  test("a field named __proto__ is a value like others and never a prototype", () => {
    const fields: Record<string, unknown> = { a: 1 };
    Object.setPrototypeOf(fields, { polluted: true });
    const table = fromFields(fields);
    expect(Object.getPrototypeOf(table)).toBe(Object.prototype);
    expect(table["polluted"]).toBeUndefined();
    expect(Object.entries(table)).toEqual([
      ["a", 1],
      ["__proto__", { polluted: true }],
    ]);
  });
});
