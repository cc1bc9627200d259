import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { toFields } from "../../src/amqp/table.ts";

describe("values get the AMQP types that py-amqp would give them", () => {
  test.each<[string, unknown, unknown]>([
    ["a text", "x", "x"],
    ["nothing", null, null],
    ["a truth", true, true],
    ["a small integer", 3, { "!": "int", value: 3 }],
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
    ["a circle in a list", [[circle]]],
    ["a Map", new Map([["a", 1]])],
    ["a Set in a table", { set: new Set() }],
    ["an instance of a class", new URL("http://localhost")],
    ["an error", [new Error("boom")]],
    ["a promise", Promise.resolve()],
    ["a boxed number", Object(1)],
    ["a name of 256 bytes", { ["x".repeat(256)]: 1 }],
    ["a name of 300 bytes in UTF-8", [{ ["€".repeat(100)]: 1 }]],
  ])("%s is refused by the header's name", (_name, value) => {
    const refused = { code: "encode-failed", message: expect.stringContaining('The header "wrong" holds') };
    expect(() => toFields({ fine: 1, wrong: value })).toThrow(expect.objectContaining(refused));
  });

  test("a header's own name of more than 255 bytes is refused", () => {
    const refused = { code: "encode-failed", message: expect.stringContaining("a name of 300 bytes") };
    expect(() => toFields({ ["€".repeat(100)]: 1 })).toThrow(expect.objectContaining(refused));
  });

  test("a name of 255 bytes, a table without a prototype and one of another realm are carried", () => {
    const table = {
      ["€".repeat(85)]: Object.assign(Object.create(null), { a: "b" }),
      other: runInNewContext('({ a: "b" })'),
    };
    const carried = { "!": "object", value: { a: "b" } };
    expect(toFields(table)).toEqual({ ["€".repeat(85)]: carried, other: carried });
  });

  test("a value that doubles with each level is refused at once", () => {
    let value: unknown = "leaf";
    for (let level = 0; level < 60; level += 1) value = [value, value];
    const refused = { code: "message-too-large", message: expect.stringContaining('"wrong"') };
    expect(() => toFields({ wrong: value })).toThrow(expect.objectContaining(refused));
  });
});
