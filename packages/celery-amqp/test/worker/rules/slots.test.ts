import { describe, expect, test } from "vitest";
import { prefetchFor } from "../../../src/worker/rules/prefetch.ts";
import { divideSlots, resizeSlots, type SlotWish } from "../../../src/worker/rules/slots.ts";

const wishes = (queues: Readonly<Record<string, number | null>>): readonly SlotWish[] =>
  Object.entries(queues).map(([name, concurrency]) => ({ name, concurrency }));

describe("slots", () => {
  test.each([
    ["are shared by all", null, { a: null, b: null }, { total: 10, shared: 10, own: {} }],
    ["are as many as were said", 4, { a: null, b: null }, { total: 4, shared: 4, own: {} }],
    [
      "of a queue's own come beside the default",
      null,
      { a: null, slow: 2 },
      { total: 12, shared: 10, own: { slow: 2 } },
    ],
    ["of a queue's own come out of what was said", 8, { a: null, slow: 2 }, { total: 8, shared: 6, own: { slow: 2 } }],
    ["are what the queues say where each does", null, { a: 3, b: 4 }, { total: 7, shared: 0, own: { a: 3, b: 4 } }],
    ["beyond what the queues say are not made", 20, { a: 3, b: 4 }, { total: 7, shared: 0, own: { a: 3, b: 4 } }],
    ["are refused where none is left to share", 2, { a: null, slow: 2 }, null],
    ["are refused where queues want more", 6, { a: 3, b: 4 }, null],
  ] as const)("%s", (_name, total, queues, expected) => {
    const slots = divideSlots(total, wishes(queues), 10);
    expect(slots && { ...slots, own: Object.fromEntries(slots.own) }).toEqual(expected);
  });

  test("of shards count once", () => {
    const shard = { name: "images", concurrency: 4 };
    expect(divideSlots(null, [shard, shard, shard], 10)).toMatchObject({ total: 4 });
  });

  test.each([
    ["more for all", 20, null, { total: 20, shared: 18, own: { slow: 2 } }],
    ["fewer for all", 3, null, { total: 3, shared: 1, own: { slow: 2 } }],
    ["too few for all", 2, null, null],
    ["more for one", 5, "slow", { total: 13, shared: 8, own: { slow: 5 } }],
    ["for one that has none of its own", 5, "a", null],
  ] as const)("change: %s", (_name, concurrency, queue, expected) => {
    const before = divideSlots(10, wishes({ a: null, slow: 2 }), 10)!;
    const slots = resizeSlots(before, concurrency, queue);
    expect(slots && { ...slots, own: Object.fromEntries(slots.own) }).toEqual(expected);
  });

  test("do not change for all where each queue has its own", () => {
    const before = divideSlots(null, wishes({ a: 3, b: 4 }), 10)!;
    expect(resizeSlots(before, 20, null)).toBeNull();
  });
});

describe("the prefetch", () => {
  test.each([
    [{ slots: 10, prefetch: null, shards: 1 }, 10],
    [{ slots: 10, prefetch: 3, shards: 1 }, 3],
    [{ slots: 10, prefetch: null, shards: 4 }, 3],
    [{ slots: 1, prefetch: null, shards: 4 }, 1],
    [{ slots: 10, prefetch: 40, shards: 4 }, 10],
  ])("of %j is %i", (facts, prefetch) => {
    expect(prefetchFor(facts)).toBe(prefetch);
  });
});
