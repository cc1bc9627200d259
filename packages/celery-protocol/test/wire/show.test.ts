import { expect, test } from "vitest";
import { className, show } from "../../src/wire/show.ts";

test.each<[string, unknown]>([
  ['"a\\"b"', 'a"b'],
  [`"${"x".repeat(100)}…"`, "x".repeat(200)],
  ["1", 1n],
  [`${"1".repeat(100)}…`, BigInt("1".repeat(200))],
  ["null", null],
  ["undefined", undefined],
  ["an array", [1, 2]],
  ["an object", { secret: 1 }],
])("shows %s in an error", (text, value) => {
  expect(show(value)).toBe(text);
});

test("names a class, also where the chain of prototypes is odd", () => {
  expect(className(new Map())).toBe("Map");
  expect(className(Object.create(null) as object)).toBe("unnamed");
  expect(className({ constructor: 1 })).toBe("unnamed");
  expect(className({ constructor: () => 1 })).toBe("constructor");
  expect(className({ constructor: Object.defineProperty(() => 1, "name", { value: "" }) })).toBe("unnamed");
});
