import { expect, test } from "vitest";
import { className, kindOf, quoted } from "../../src/wire/show.ts";

test.each([
  ['"a\\"b"', 'a"b'],
  [`"${"x".repeat(100)}…"`, "x".repeat(200)],
  ['"a\\n\\u001b[2J\\u202e"', "a\n\u001B[2J\u202E"],
])("quotes a name as %s in an error", (text, name) => {
  expect(quoted(name)).toBe(text);
});

test.each<[string, unknown]>([
  ["a string", "secret"],
  ["a number", 1],
  ["a bigint", 1n],
  ["null", null],
  ["undefined", undefined],
  ["an array", [1, 2]],
  ["an object", { secret: 1 }],
])("tells %s by its kind alone", (kind, value) => {
  expect(kindOf(value)).toBe(kind);
});

test("names a class, also where the chain of prototypes is odd", () => {
  expect(className(new Map())).toBe("Map");
  expect(className(Object.create(null) as object)).toBe("unnamed");
  expect(className({ constructor: 1 })).toBe("unnamed");
  expect(className({ constructor: () => 1 })).toBe("constructor");
  expect(className({ constructor: Object.defineProperty(() => 1, "name", { value: "" }) })).toBe("unnamed");
});
