import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeResultTuple, encodeResultTuple, type ResultTuple } from "../../src/result/tuple.ts";
import { recorded } from "../support/recorded.ts";
import type { Tree } from "../../src/content/tree.ts";

const task = (id: string, parent: ResultTuple | null = null): ResultTuple => ({ id, parent, members: null });

describe("recorded result tuples", () => {
  const parent = task("parent-1");
  const members = [task("child-1"), task("child-2", parent)];
  const group = { id: "group-1", parent: null, members };
  const tuples: Readonly<Record<string, ResultTuple>> = {
    async: task("child-1"),
    "async-with-parent": task("child-2", parent),
    group,
    "group-nested": { id: "group-2", parent, members: [group, task("child-1")] },
  };
  const vector = recorded("signature").find(([name]) => name === "signature/results-as-tuple")?.[1];
  const forms = Object.entries(vector?.decoded as Readonly<Record<string, Tree>>);

  test("are all here", () => {
    expect(forms.map(([name]) => name)).toEqual(Object.keys(tuples));
  });

  test.each(forms)("%s", (name, form) => {
    expect(decodeResultTuple(form)).toEqual(tuples[name]);
    expect(encodeResultTuple(decodeResultTuple(form))).toEqual(form);
  });
});

function nested(levels: number): Tree {
  let tree: Tree = [["t", null], null];
  for (let level = 0; level < levels; level += 1) tree = [["t", tree], null];
  return tree;
}

describe("a result tuple", () => {
  test("may have its id alone", () => {
    expect(decodeResultTuple(["t-1", null])).toEqual(task("t-1"));
    expect(decodeResultTuple([["t-1"], null])).toEqual(task("t-1"));
  });

  test.each([
    [null],
    ["t-1"],
    [[]],
    [[[5, null], null]],
    [[["t", null, 1], null]],
    [[["t", null], null, 1]],
    [[["t", null], 5]],
    [[["t", 5], null]],
    [{}],
  ])("is not %j", (tree) => {
    expect(() => decodeResultTuple(tree)).toThrow(expect.objectContaining({ code: "message-invalid" }));
  });

  test("nests within limits", () => {
    expect(decodeResultTuple(nested(999)).id).toBe("t");
    expect(() => decodeResultTuple(nested(100_000))).toThrow(expect.objectContaining({ code: "too-deep" }));
  });

  test("comes back as it was written", () => {
    const { tuple } = fc.letrec<{ tuple: ResultTuple }>((tie) => ({
      tuple: fc.record({
        id: fc.string(),
        parent: fc.option(tie("tuple"), { maxDepth: 3 }),
        members: fc.option(fc.array(tie("tuple"), { maxLength: 3 }), { maxDepth: 3 }),
      }),
    }));
    fc.assert(
      fc.property(tuple, (each) => {
        expect(decodeResultTuple(encodeResultTuple(each))).toEqual(each);
      }),
    );
  });
});
