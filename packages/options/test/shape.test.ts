import { anything, assert, property } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  date,
  duration,
  either,
  flag,
  functions,
  instance,
  integer,
  list,
  methods,
  millisecondsOf,
  number,
  object,
  oneOf,
  oneOrMany,
  orNull,
  props,
  record,
  refusalOf,
  type Shape,
  string,
  text,
} from "../src/index.ts";

const revoked = ((): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
})();
const trap = new Proxy(
  {},
  {
    get() {
      throw new Error("get");
    },
    ownKeys() {
      throw new Error("keys");
    },
  },
);
const getter = Object.defineProperty({}, "inner", {
  enumerable: true,
  get() {
    throw new Error("getter");
  },
});

const inner = props<{ inner?: unknown }>({ inner: integer(1, 5) });
const outer = props<{ name: string; nested?: unknown; list?: unknown; table?: unknown; many?: unknown }>({
  "name*": text(),
  nested: inner,
  list: list(inner, { least: 1 }),
  table: record(flag),
  many: oneOrMany(string),
});

describe("what is refused", () => {
  test.each<[string, Shape, unknown, string]>([
    ["a misspelt name", outer, { name: "a", nestd: 1 }, "nestd (unknown). Did you mean `nested`?"],
    [
      "a name near none",
      outer,
      { name: "a", zzzzzz: 1 },
      "zzzzzz (unknown). Leave it out; there are name, nested, list, table, many.",
    ],
    ["a missing name", outer, {}, "name (missing). Give it."],
    ["a deep value", outer, { name: "a", nested: { inner: 9 } }, "nested.inner (9). Give an integer from 1 to 5."],
    ["an item", outer, { name: "a", list: [{ inner: 1 }, 7] }, "list[1] (7). Give an object."],
    ["a hole", outer, { name: "a", list: Array(1) }, "list[0] (undefined). Give an object."],
    ["an empty list", outer, { name: "a", list: [] }, "list (a list). Give a list."],
    ["a free name", outer, { name: "a", table: { "x y": 1 } }, 'table["x y"] (1). Give true or false.'],
    ["one of many", outer, { name: "a", many: ["a", 5n] }, "many[1] (5n). Give a string."],
    ["neither one nor many", outer, { name: "a", many: 5 }, "many (5). Give a string, or a list."],
    [
      "a getter that throws",
      outer,
      { name: "a", nested: getter },
      "nested.inner (unreadable). Give a value that can be read: its getter throws.",
    ],
    ["a proxy", outer, { name: "a", nested: trap }, "nested (an object). Give an object."],
    ["a revoked proxy", outer, { name: "a", nested: revoked }, "nested (a revoked proxy). Give an object."],
    ["a symbol", outer, { name: Symbol("secret") }, "name (a symbol). Give a string that is not empty."],
    ["a password", oneOf("rpc", false), "redis://u:hush@h/0", '("redis://***@h/0"). Give "rpc" or false.'],
    ["control characters", string, [], "(a list). Give a string."],
    ["characters that a terminal obeys", oneOf(1), "a\u202eb\u009b", '("a\\u{202e}b\\u{9b}"). Give 1.'],
  ])("%s", (_, shape, value, message) => {
    expect(refusalOf(shape, value, "the thing")).toMatch(/^Invalid options? of the thing:? /);
    expect(refusalOf(shape, value, "the thing")).toContain(message);
  });

  test("either of two says both, and the deeper finding where one is deeper", () => {
    const either2 = either(inner, oneOf("a", "b"));
    expect(refusalOf(either2, 5, "it")).toBe('Invalid options of it (5). Give an object, or "a" or "b".');
    expect(refusalOf(either2, { inner: 0 }, "it")).toBe(
      "Invalid option of it: inner (0). Give an integer from 1 to 5.",
    );
    expect(refusalOf(either2, { inne: 0 }, "it")).toBe("Invalid option of it: inne (unknown). Did you mean `inner`?");
    expect(either2("b")).toEqual([]);
  });
});

test("what is left out is not judged", () => {
  expect(outer({ name: "a", nested: undefined, table: { x: undefined }, many: "a" })).toEqual([]);
});

const shapes = {
  date,
  flag,
  string,
  object,
  outer,
  functions,
  text: text(),
  number: number(),
  range: number(0, 1),
  integer: integer(0),
  duration: duration(),
  oneOf: oneOf("a", null),
  orNull: orNull(inner),
  url: instance("a URL", URL),
  methods: methods("a logger", "error"),
  list: list(string),
  record: record(string),
  either: either(inner, string),
  oneOrMany: oneOrMany(inner),
} satisfies Record<string, Shape>;

test.each(Object.entries(shapes))("%s never throws, whatever it is given", (_, shape) => {
  const values = anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  assert(property(values, (value) => typeof (refusalOf(shape, value, "it") ?? "") === "string"));
  for (const value of [
    revoked,
    trap,
    getter,
    Symbol(),
    { name: trap },
    { nested: revoked },
    [trap],
    [revoked],
    { inner: getter },
    { error: revoked },
  ])
    expect(() => refusalOf(shape, value, "it")).not.toThrow();
});

test.each([
  ["10s", 10_000],
  ["250ms", 250],
  ["1.5h", 5_400_000],
  [0, 0],
  [2, 2_000],
  [-1, null],
  [Number.NaN, null],
  ["", null],
  ["10", null],
  [null, null],
  [[5], null],
  [5n, null],
])("%s as a duration is %s ms", (value, ms) => {
  expect(millisecondsOf(value)).toBe(ms);
  expect(duration()(value).length).toBe(ms === null ? 1 : 0);
});
