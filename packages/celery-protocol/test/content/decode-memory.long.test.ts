import { expect, test } from "vitest";
import { decodeInSmallHeap } from "../support/small-heap.ts";

test("no body of 16 MB ends a process with a heap of 256 MB", async () => {
  const became = await decodeInSmallHeap([]);
  const refused = Object.entries(became).filter(([, code]) => code !== "read");
  expect(Object.keys(became)).toHaveLength(15);
  expect(refused).toStrictEqual([
    ["empty objects", "too-many"],
    ["empty lists", "too-many"],
    ["objects of one key each", "too-many"],
    ["one object of many keys", "too-many"],
    ["empty objects beside a float", "too-many"],
    ["nested lists", "too-many"],
  ]);
}, 600_000);
