import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DateTime, Float } from "../../src/content/lossless.ts";
import { isSameTree } from "../../src/content/same-tree.ts";
import type { Tree } from "../../src/content/tree.ts";
import { Decimal } from "../../src/content/values.ts";
import { arbitraryTree } from "../support/arbitrary.ts";

describe("two trees", () => {
  test.each<readonly [Tree, Tree, boolean]>([
    [1, 1, true],
    [1, "1", false],
    [null, null, true],
    [null, {}, false],
    [{}, null, false],
    [[], {}, false],
    [{}, [], false],
    [[1, [2]], [1, [2]], true],
    [[1], [1, 2], false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: null }, { toString: null }, false],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
    [new Uint8Array([1, 2]), new Uint8Array([1]), false],
    [new Uint8Array([1]), [1], false],
    [new Decimal("1.0"), new Decimal("1.00"), true],
    [new Decimal("1.0"), new Float(1), false],
    [new Float(1), new Float(1), true],
    [new Float(1), { value: 1 }, false],
    [new DateTime("2024-01-02T03:04:05Z"), new DateTime("2024-01-02T03:04:05Z"), true],
  ])("%j and %j: %s", (left, right, same) => {
    expect(isSameTree(left, right)).toBe(same);
  });

  test("are the same when one is a copy", () => {
    fc.assert(
      fc.property(fc.clone(arbitraryTree, 2), ([left, right]) => {
        expect(isSameTree(left, right)).toBe(true);
      }),
    );
  });
});
