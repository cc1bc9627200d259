import { describe, expect, test } from "vitest";
import { asFields, readable, readableFields } from "../../src/ports/foreign.ts";
import { guardedLogger } from "../../src/ports/logger.ts";
import { asError, describeThrown, messageOf, stackOf, tracebackOf } from "../../src/ports/thrown.ts";
import { returned, thrown } from "../worker/pool/strange-values.ts";

const values = [...Object.entries(thrown), ...Object.entries(returned)].filter(
  ([name]) => !/Promise that rejects|prepareStackTrace/.test(name),
);

test.each(values)("reading never throws and is bounded: %s", (_, { make }) => {
  const value = make();
  for (const read of [messageOf, describeThrown, stackOf]) expect(read(value).length).toBeLessThan(40_000);
  expect(tracebackOf(value)?.length ?? 0).toBeLessThan(200_000);
  const error = asError(value);
  expect([typeof error.name, typeof error.message]).toEqual(["string", "string"]);
  for (const shown of [readable(value), readableFields({ value }), asFields(value)]) {
    const text = JSON.stringify(readable(shown)) ?? "";
    expect(text.length).toBeLessThan(500_000);
    structuredClone(readable(shown));
  }
});

describe("what a log line shows", () => {
  test("of errors is all that helps", () => {
    const error = Object.assign(new TypeError("boom", { cause: new Error("before") }), { code: "E1" });
    expect(readable({ err: error })).toEqual({
      err: {
        name: "TypeError",
        message: "boom",
        stack: error.stack,
        code: "E1",
        cause: { name: "Error", message: "before", stack: expect.stringContaining("before") as string },
      },
    });
  });

  test.each<[string, unknown, unknown]>([
    ["a bigint", 5n, "5"],
    ["a Map", new Map([["a", 1]]), { a: 1 }],
    ["a Set", new Set([1]), [1]],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["an invalid Date", new Date(Number.NaN), "[invalid Date]"],
    ["bytes", new Uint8Array(3), "[Uint8Array of 3 bytes]"],
    ["a function", () => {}, "[a function]"],
    ["a symbol", Symbol("s"), "[Symbol(s)]"],
    ["not a number", Number.NaN, "NaN"],
    ["a Promise", Promise.resolve(), "[Promise]"],
    ["a toJSON", { toJSON: () => ({ a: 1 }) }, { a: 1 }],
  ])("of %s can be written as JSON", (_, value, shown) => {
    expect(readable(value)).toEqual(shown);
  });

  test("of a getter that throws costs that member alone", () => {
    const fields = {
      a: 1,
      get b() {
        throw new Error("no");
      },
    };
    expect(readable(fields)).toEqual({ a: 1, b: "[threw Error: no]" });
  });

  test("given an error in place of fields is that error", () => {
    const error = new Error("boom");
    expect(asFields(error)).toEqual({ error });
    expect(asFields("words")).toEqual({ value: "words" });
    expect(asFields(null)).toEqual({});
  });
});

test("a logger that throws or rejects disturbs nobody", async () => {
  const seen: unknown[] = [];
  const bad = (_message: string, fields?: object): void => {
    seen.push(fields);
    throw new Error("broken logger");
  };
  const rejecting = (): void => Promise.reject(new Error("late")) as unknown as undefined;
  const log = guardedLogger({ debug: bad, info: rejecting, warn: bad, error: bad });
  log.debug("x", { err: new Error("boom") });
  log.info("x");
  log.warn("x");
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toHaveLength(3);
  expect(seen[1]).toMatchObject({ err: { message: "boom" } });
});
