import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { chordOutcome, decodeChordPart, encodeChordPart, type ReturnedPart } from "../../src/result/chord-part.ts";
import type { ResultMeta } from "../../src/result/meta.ts";
import type { ResultTuple } from "../../src/result/tuple.ts";
import { text } from "../support/vectors.ts";

const content = createContent();
const base = { taskId: "t-1", traceback: null, children: [], dateDone: null, extra: {} };
const boom = { type: "ValueError", module: "builtins", args: ["part"] };
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function good(taskId: string, result: unknown): ReturnedPart {
  return { taskId, result: result as ReturnedPart["result"], exception: null };
}

function task(id: string): ResultTuple {
  return { id, parent: null, members: null };
}

function group(id: string, ...members: ResultTuple[]): ResultTuple {
  return { id, parent: null, members };
}

describe("a part of a chord", () => {
  test.each<[string, ResultMeta, string]>([
    ["a result", { ...base, status: "SUCCESS", result: 2 }, '[1, "t-1", "SUCCESS", 2]'],
    [
      "an exception",
      { ...base, status: "FAILURE", exception: boom },
      '[1, "t-1", "FAILURE", {"exc_type": "ValueError", "exc_message": ["part"], "exc_module": "builtins"}]',
    ],
  ])("is written as Celery writes %s", (_what, meta, written) => {
    const part = encodeChordPart(meta, content);
    expect(text(part)).toBe(written);
    expect(decodeChordPart(part, content)).toEqual({
      taskId: "t-1",
      result: "result" in meta ? meta.result : null,
      exception: "exception" in meta ? meta.exception : null,
    });
  });

  test.each([[{}], [[]], [[1, "t-1"]], [[1, 2, "SUCCESS", null]], [null], ["part"]])("is not %j", (value) => {
    expect(() => decodeChordPart(bytes(value), content)).toThrow(/not a part of a chord/);
  });
});

describe("the outcome of a chord", () => {
  test("is the results in the order of the parts", () => {
    expect(chordOutcome([good("a", 1), good("b", null)], null)).toEqual({ results: [1, null] });
  });

  test("is the first part that failed, in Celery's words", () => {
    const parts = [good("a", 1), { taskId: "b", result: null, exception: boom }];
    expect(chordOutcome(parts, null)).toEqual({
      cause: { type: "ValueError", module: "builtins", args: ["part"] },
      exception: {
        type: "ChordError",
        module: "celery.exceptions",
        args: ["Dependency b raised ValueError('part')"],
      },
    });
  });

  test("has lists where the header has groups", () => {
    const header = group("g", task("a"), group("h", task("b"), task("c")));
    const parts = [good("c", 3), good("a", 1), good("b", 2)];
    expect(chordOutcome(parts, header)).toEqual({ results: [1, [2, 3]] });
  });

  test("fails where a place of the header brought nothing", () => {
    const outcome = chordOutcome([good("a", 1)], group("g", task("a"), task("b")));
    expect(outcome).toMatchObject({ exception: { args: ["Join error: task b of the header has no part"] } });
  });
});
