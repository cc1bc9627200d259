import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { overBudget, resolveBudget } from "../../src/wire/budget.ts";
import { ProtocolError } from "../../src/wire/errors.ts";

const VALUES = 1_000;
const content = createContent({ budget: { values: VALUES } });

function codeOf(text: string): string {
  try {
    content.decode({ contentType: "application/json", body: new TextEncoder().encode(text) });
    return "ok";
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

function list(length: number, item: (index: number) => string): string {
  return `[${Array.from({ length }, (_, index) => item(index)).join(",")}]`;
}

describe("values of a JSON body are counted before it is parsed", () => {
  test.each([
    ["objects", (count: number) => list(count - 1, () => "{}"), VALUES],
    ["lists", (count: number) => list(count - 1, () => "[]"), VALUES],
    ["lists, with spaces", (count: number) => list(count - 1, () => " [ 1 ]"), VALUES],
    ["objects with a key of their own", (count: number) => list(count, (index) => `{"k${index}":1}`), 333],
    ["the keys of one object", (count: number) => `[{${list(count, (index) => `"k${index}" : 1`).slice(1, -1)}}]`, 499],
    ["keys that look like places in a list", (count: number) => list(count, () => `{"7777777":1}`), 333],
    ["keys with escapes", (count: number) => list(count, (index) => `{"\\"\\\\${index}":1}`), 333],
  ])("%s", (_name, make, most) => {
    expect(codeOf(make(most))).toBe("ok");
    expect(codeOf(make(most + 1))).toBe("too-many");
  });

  test.each([
    ["numbers", list(50_000, String)],
    ["strings that look like objects", list(5_000, () => JSON.stringify('{"a":[[[{}]]]}'))],
    ["one long string of brackets", JSON.stringify("[{".repeat(50_000))],
    ["records of the same keys", list(900, (index) => JSON.stringify({ id: index, name: `n${index}`, price: 1.5 }))],
    ["strings that end in backslashes", list(5_000, () => String.raw`"[[[\\"`)],
  ])("%s pass", (_name, text) => {
    expect(codeOf(text)).toBe("ok");
  });

  test("keys that share their hash are told apart, and records of many keys are not counted each", () => {
    const keys = Array.from({ length: 150 }, (_, index) => `key_${index}`);
    const record = JSON.stringify(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(codeOf(list(400, () => record))).toBe("ok");
  });

  test("a body that is no JSON is refused as such", () => {
    for (const text of [`["${"x".repeat(5_000)}`, `["${"x".repeat(5_000)}\\`, `${" ".repeat(5_000)}"`])
      expect(codeOf(text)).toBe("decode-failed");
  });
});

describe("a budget", () => {
  test("keeps its defaults where nothing is said", () => {
    expect(resolveBudget({ values: 7, bodyBytes: undefined })).toStrictEqual({ ...resolveBudget(), values: 7 });
  });

  test.each([{ value: 1 }, { values: -1 }, { values: 1.5 }, { values: "7" }, { bodyBytes: Number.NaN }])(
    "refuses %o",
    (options) => {
      expect(() => resolveBudget(options as never)).toThrow(ProtocolError);
    },
  );

  test("is named in the refusal, with the number that was seen", () => {
    const error = overBudget("messages", resolveBudget({ messages: 10 }), 11);
    expect(error.message).toBe(
      "The canvas causes too many messages: 11, budget.messages allows 10. Send less at once, or raise budget.messages.",
    );
  });
});
