import { describe, expect, test } from "vitest";
import { boundedFailure, longestFailureText, shortened } from "../../../src/worker/rules/bounds.ts";
import { failureMeta, retryMeta, unstorable } from "../../../src/worker/rules/result.ts";

const limit = longestFailureText;
const failure = (args: readonly unknown[], traceback: string | null = null) => ({
  exception: { type: "Error", module: "javascript", args: args as never[] },
  traceback,
});
let deep: unknown = 1;
for (let level = 0; level < 200_000; level += 1) deep = [deep];

describe("a failure within the bounds", () => {
  test.each([[["short"]], [[]], [[1, null, { a: [true] }]], [["x".repeat(limit - 10)]]])("is left as it is", (args) => {
    const given = failure(args, "t".repeat(limit));
    expect(boundedFailure(given)).toBe(given);
  });
});

describe("a failure beyond them", () => {
  test.each<[string, readonly unknown[]]>([
    ["a string", ["x".repeat(20_000_000)]],
    ["many strings", Array.from({ length: 100_000 }, () => "x".repeat(100))],
    ["an object", [{ a: "x".repeat(20_000_000) }]],
    ["long keys", [{ ["k".repeat(20_000_000)]: 1 }]],
    ["a list", [Array.from({ length: 1_000_000 }, () => 1)]],
    ["a deep list", [deep]],
    ["bytes", [new Uint8Array(20_000_000)]],
    ["both", [402, "x".repeat(20_000_000), { a: ["x".repeat(20_000_000)] }]],
  ])("by %s is cut", (_what, args) => {
    const { exception } = boundedFailure(failure(args));
    expect(JSON.stringify(exception).length).toBeLessThan(limit * 1.2);
    expect(JSON.stringify(exception)).toMatch(/left out/);
  });

  test("keeps short arguments beside a long one", () => {
    const { exception } = boundedFailure(failure([402, "x".repeat(20_000_000)]));
    expect(exception.args[0]).toBe(402);
  });

  test("keeps the ends of a traceback", () => {
    const { traceback } = boundedFailure(failure([], `first\n${"x".repeat(9_000_000)}\nlast`));
    expect(traceback).toMatch(/^first\n[\s\S]*characters left out[\s\S]*\nlast$/);
    expect(traceback?.length).toBeLessThan(limit + 100);
  });

  test("has a short name", () => {
    const given = { exception: { type: "T".repeat(9_000), module: "m".repeat(9_000), args: [] }, traceback: null };
    expect(boundedFailure(given).exception).toMatchObject({ type: "T".repeat(256), module: "m".repeat(256) });
  });
});

test("what is cut says how much was left out", () => {
  expect(shortened("abcdefghij", 8)).toBe("abcdef … [2 characters left out] … ij");
  expect(shortened("abcdefgh", 8)).toBe("abcdefgh");
});

describe("a small state", () => {
  const cause = failure(["why"], "t");
  test.each([
    [failureMeta("id", cause, [["child"]]), "FAILURE"],
    [retryMeta("id", cause, "t", []), "RETRY"],
  ])("keeps the name of the exception (%#)", (meta, status) => {
    expect(unstorable(meta, "too large")).toEqual({
      taskId: "id",
      status,
      exception: {
        type: "Error",
        module: "javascript",
        args: ["why (The whole error could not be stored: too large)"],
      },
      traceback: null,
      children: [],
      dateDone: null,
      extra: {},
    });
  });

  test("of a success there is none", () => {
    const meta = { ...failureMeta("id", cause, []), status: "SUCCESS" as const, result: 1 };
    expect(unstorable(meta, "too large")).toBeNull();
  });
});
