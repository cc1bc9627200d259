import { describe, expect, test } from "vitest";
import { FieldTableReader } from "../../src/amqp/field-table.ts";
import { toFields } from "../../src/amqp/table.ts";
import {
  array,
  double,
  entry,
  float,
  nested,
  sized,
  table,
  text,
  uint,
  value,
} from "@leveret/test-support/wire/fields";

const time = 1_764_500_000;

describe("every type tag is read with its value and sign", () => {
  test.each<[string, Buffer, unknown]>([
    ["t true", value("t", uint(1, 1)), true],
    ["t 2, which is true", value("t", uint(1, 2)), true],
    ["t false", value("t", uint(1, 0)), false],
    ["b", value("b", uint(1, -1)), -1],
    ["B", value("B", uint(1, 255)), 255],
    ["s", value("s", uint(2, -2)), -2],
    ["U of the specification", value("U", uint(2, -2)), -2],
    ["u", value("u", uint(2, 65_535)), 65_535],
    ["I", value("I", uint(4, -(2 ** 31))), -(2 ** 31)],
    ["i", value("i", uint(4, 2 ** 32 - 1)), 2 ** 32 - 1],
    ["L, as py-amqp writes what passes 32 bits", value("L", uint(8, 1_764_500_000_000)), 1_764_500_000_000],
    ["L, negative", value("L", uint(8, -1_764_500_000_000)), -1_764_500_000_000],
    ["l", value("l", uint(8, -1)), -1],
    ["l, the largest exact one", value("l", uint(8, 2 ** 53 - 1)), 2 ** 53 - 1],
    ["l, the least exact one", value("l", uint(8, -(2 ** 53) + 1)), -(2 ** 53) + 1],
    ["l beyond", value("l", uint(8, 2n ** 53n)), 2n ** 53n],
    ["l, 2^53 + 1", value("l", uint(8, 2n ** 53n + 1n)), 2n ** 53n + 1n],
    ["L, the largest", value("L", uint(8, 2n ** 63n - 1n)), 2n ** 63n - 1n],
    ["L, the least", value("L", uint(8, -(2n ** 63n))), -(2n ** 63n)],
    ["f", value("f", float(0.5)), 0.5],
    ["d", value("d", double(-1e300)), -1e300],
    ["d -0", value("d", double(-0)), -0],
    ["D", value("D", uint(1, 2), uint(4, 12_345)), 123.45],
    ["D, negative as py-amqp has it", value("D", uint(1, 2), uint(4, -150)), -1.5],
    ["D with 255 places", value("D", uint(1, 255), uint(4, 1)), 1e-255],
    ["S", text("naïve €"), "naïve €"],
    ["S, empty", text(""), ""],
    ["S that holds U+FFFD", text("a\uFFFD"), "a\uFFFD"],
    ["S that is not UTF-8", sized("S", Buffer.of(0x61, 0xff)), Buffer.of(0x61, 0xff)],
    ["x", sized("x", Buffer.of(0, 255)), Buffer.of(0, 255)],
    ["T", value("T", uint(8, time)), new Date(time * 1000)],
    ["T in milliseconds", value("T", uint(8, time * 1000)), new Date(time * 1_000_000)],
    ["T beyond the range of Date", value("T", uint(8, time * 1_000_000)), time * 1_000_000],
    ["T before 1970", value("T", uint(8, -1)), -1],
    ["V", value("V"), null],
    ["A", array(value("V"), array(), value("t", uint(1, 1))), [null, [], true]],
    ["F", table(entry("a", table()), entry("b", text("x"))), { a: {}, b: "x" }],
  ])("%s", (_tag, bytes, expected) => {
    const { headers, problem } = read(entry("before", text("a")), entry("odd", bytes), entry("after", text("z")));
    expect(problem).toBeNull();
    expect(headers).toEqual({ before: "a", odd: expected, after: "z" });
    // It goes to a dead queue, or into a retry, as it came.
    expect(() => toFields(headers)).not.toThrow();
  });

  test("64 levels are read, and can be written", () => {
    const { headers, problem } = read(entry("arrays", nested(64)), entry("tables", nested(64, "F")));
    expect(problem).toBeNull();
    expect(() => toFields(headers)).not.toThrow();
  });

  test("names are names, whatever they are", () => {
    const names = ["__proto__", "constructor", "toString", "", "x".repeat(255), "!"];
    const { headers, problem } = read(...names.map((name) => entry(name, text(name))));
    expect(problem).toBeNull();
    expect(Object.entries(headers)).toEqual(names.map((name) => [name, name]));
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  test("a table that looks typed to amqplib is a table", () => {
    const { headers } = read(entry("odd", table(entry("!", text("timestamp")), entry("value", text("noon")))));
    expect(headers).toEqual({ odd: { "!": "timestamp", value: "noon" } });
  });
});

describe("what cannot be read is left out and named, and nothing throws", () => {
  const last = entry("after", text("z"));
  const both = { before: "a", after: "z" };
  const first = { before: "a" };

  test.each<[string, Buffer, object, string]>([
    [
      "an unknown tag",
      entry("odd", value("Z", uint(4, 1))),
      first,
      'The header "odd" holds a value of the unknown type "Z"',
    ],
    ["a tag that is no letter", entry("odd", Buffer.of(0)), first, "0x00"],
    ["12 000 arrays in one another", entry("odd", nested(12_000)), both, "nested deeper than 64 levels"],
    ["65 arrays in one another", entry("odd", nested(65)), both, "nested deeper"],
    ["65 tables in one another", entry("odd", nested(65, "F")), both, "nested deeper"],
    [
      "an unknown tag in an array",
      entry("odd", array(value("Z"))),
      both,
      'The header "odd" holds a value of the unknown',
    ],
    ["an unknown tag in a table", entry("odd", table(entry("x", value("Z")))), both, '"odd" holds'],
    ["a member that passes the end of its array", entry("odd", array(value("I", uint(2, 1)))), both, "passes the end"],
    ["a string that passes the end of its array", entry("odd", array(sized("S", Buffer.alloc(2), 9))), both, "length"],
    ["a string that passes the end", entry("odd", sized("S", Buffer.alloc(2), 2 ** 32 - 1)), first, "has a length"],
    ["a table that passes the end", entry("odd", sized("F", Buffer.alloc(2), 2 ** 31)), first, "has a length"],
    ["a name in a table that passes its end", entry("odd", sized("F", Buffer.of(9, 0x61))), both, "name that passes"],
    ["a name without a value in a table", entry("odd", sized("F", Buffer.of(1, 0x61))), both, "ends before its value"],
    ["a name that is not UTF-8", entry(Buffer.of(0xff, 0x61), text("x")), both, "is not UTF-8"],
    ["such a name in a table", entry("odd", table(entry(Buffer.of(0xff), text("x")))), both, "is not UTF-8"],
    ["NaN", entry("odd", value("d", double(Number.NaN))), first, "no number"],
    ["infinity as a float", entry("odd", value("f", float(Number.POSITIVE_INFINITY))), first, "no number"],
  ])("%s", (_what, odd, expected, why) => {
    const { headers, problem } = read(entry("before", text("a")), odd, last);
    expect(problem).toContain(why);
    expect(headers).toEqual(expected);
  });

  test("a table that ends anywhere", () => {
    const whole = Buffer.concat([
      entry("a", text("x")),
      entry("b", array(value("L", uint(8, 1)))),
      entry("c", value("V")),
    ]);
    for (let end = 0; end < whole.length; end += 1) {
      const reader = new FieldTableReader();
      expect(() => reader.read(whole, 0, end)).not.toThrow();
      const isBetweenHeaders = end === 0 || end === 8 || end === 24;
      expect(reader.problem === null, `cut at ${end}`).toBe(isBetweenHeaders);
    }
  });

  test("a foreign name in the reason is short and has no control characters", () => {
    const { problem } = read(entry(`\u001B[2J\n${"x".repeat(200)}`, value("Z")));
    expect(problem).toMatch(/^The header "\\u001b\[2J\\nx{50,60}" holds/);
  });

  test("the next table is read afresh", () => {
    const reader = new FieldTableReader();
    const bad = entry("odd", value("Z"));
    reader.read(bad, 0, bad.length);
    const good = entry("a", text("x"));
    expect(reader.read(good, 0, good.length)).toEqual({ a: "x" });
    expect(reader.problem).toBeNull();
  });
});

function read(...entries: readonly Buffer[]): {
  readonly headers: object & Record<string, unknown>;
  readonly problem: string | null;
} {
  const reader = new FieldTableReader();
  const bytes = Buffer.concat([Buffer.from("outside"), ...entries, Buffer.from("outside")]);
  const headers = reader.read(bytes, 7, bytes.length - 7);
  return { headers, problem: reader.problem };
}
