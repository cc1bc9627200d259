import { describe, expect, test } from "vitest";
import { shardName, shardOf } from "../../src/routing/shards.ts";

/**
 * Keys and their shards among 1, 2, 3, 4, 8 and 16, worked out by a program in Python after the description in `shardOf`.
 * Never change them: the keys of a running system would move.
 */
const vectors = [
  ["", [0, 1, 1, 1, 1, 13]],
  ["a", [0, 1, 2, 3, 5, 5]],
  ["user-1", [0, 1, 1, 1, 1, 1]],
  ["سلام", [0, 1, 2, 3, 7, 11]],
  ["🐇", [0, 0, 2, 2, 2, 9]],
  ["images/a.png", [0, 0, 2, 2, 7, 11]],
] as const;

const keys = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);

describe("the shard of a key", () => {
  test.each(vectors)("%j: %j", (key, expected) => {
    expect([1, 2, 3, 4, 8, 16].map((shards) => shardOf(key, shards))).toEqual(expected);
  });

  test.each([2, 3, 4, 7, 16])("is one of %i, each as likely", (shards) => {
    const counts = Array.from({ length: shards }, () => 0);
    for (const key of keys) counts[shardOf(key, shards)]! += 1;
    const fair = keys.length / shards;
    expect(Math.min(...counts)).toBeGreaterThan(fair * 0.9);
    expect(Math.max(...counts)).toBeLessThan(fair * 1.1);
  });

  test.each([1, 2, 4, 9])("stays when to %i comes one more, unless it goes to that one", (shards) => {
    const moved = keys.filter((key) => shardOf(key, shards) !== shardOf(key, shards + 1));
    expect(moved.every((key) => shardOf(key, shards + 1) === shards)).toBe(true);
    expect(moved.length / keys.length).toBeCloseTo(1 / (shards + 1), 1);
  });
});

test("a shard's name", () => {
  expect([shardName("images", 0), shardName("images", 12)]).toEqual(["images.shard-0", "images.shard-12"]);
});
