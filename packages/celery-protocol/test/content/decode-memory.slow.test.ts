import { expect, test } from "vitest";
import { decodeInSmallHeap } from "../support/small-heap.ts";

test("16 MB of objects are refused in a heap of 256 MB, and 16 MB of numbers or records are read", async () => {
  const names = ["empty objects", "objects of one key each", "small numbers", "records"];
  expect(await decodeInSmallHeap(names)).toStrictEqual({
    "empty objects": "too-many",
    "objects of one key each": "too-many",
    "small numbers": "read",
    records: "read",
  });
}, 120_000);
