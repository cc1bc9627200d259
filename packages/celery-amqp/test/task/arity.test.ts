import { describe, expect, test } from "vitest";
import { leastArguments, mostArguments, namesOf } from "../../src/task/arity.ts";

const tasks = {
  method(this: void, _context: unknown, x: number): number {
    return x;
  },
  async asynchronous(this: void, _context: unknown, x: number): Promise<number> {
    return x;
  },
};

function named(_context: unknown, x: number): number {
  return x;
}

function usesArguments(_context: unknown): number {
  return arguments.length;
}

describe("how many arguments a handler names after its context", () => {
  test.each([
    ["an arrow", (_context: unknown, x: number, y: number) => x + y, 2],
    ["an arrow with one name", (context: unknown) => context, 0],
    ["an arrow without any", () => 1, 0],
    ["an async arrow", async (_context: unknown, x: number) => x, 1],
    ["a function", named, 1],
    ["a method", tasks.method, 1],
    ["an async method", tasks.asynchronous, 1],
    ["names taken out of an object", (_context: unknown, { x }: { x: number }) => x, 1],
    ["a default", (_context: unknown, x = 1) => x, Infinity],
    ["a rest", (_context: unknown, ...rest: number[]) => rest, Infinity],
    ["the arguments object", usesArguments, Infinity],
    ["a bound function", named.bind(null), Infinity],
    ["a native function", Math.max, Infinity],
  ] satisfies [string, (...args: never) => unknown, number][])("%s", (_name, handler, expected) => {
    expect(mostArguments(handler)).toBe(expected);
    expect(mostArguments(handler)).toBe(expected);
  });
});

describe("which arguments a handler must have after its context", () => {
  test.each([
    ["an arrow", (_context: unknown, x: number, y: number) => x + y, 2, ["x", "y"]],
    ["an arrow with one name", (context: unknown) => context, 0, []],
    ["an arrow without any", () => 1, 0, []],
    ["a function", named, 1, ["x"]],
    ["an async method", tasks.asynchronous, 1, ["x"]],
    ["names taken out of an object", (_context: unknown, { x }: { x: number }) => x, 1, []],
    ["a default behind a name", (_context: unknown, x: number, y = 1) => x + y, 1, []],
    [
      "a question mark, which no program sees when it runs",
      (_context: unknown, x: number, y?: number) => x + (y ?? 0),
      2,
      ["x", "y"],
    ],
    ["a rest", (_context: unknown, ...rest: number[]) => rest, 0, []],
    ["a bound function", named.bind(null), 1, []],
  ] satisfies [string, (...args: never) => unknown, number, string[]][])("%s", (_name, handler, least, names) => {
    expect([leastArguments(handler), namesOf(handler)]).toEqual([least, names]);
  });
});
