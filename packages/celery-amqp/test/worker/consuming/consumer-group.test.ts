import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Subscription } from "../../../src/ports/transport.ts";
import { ConsumerGroup } from "../../../src/worker/consuming/consumer-group.ts";

/** A group, and what it did: `+n` a consumer for n messages, `-n` its end. Cancelled ones drain when the test says. */
function createGroup(isSingleActive = false) {
  const deeds: string[] = [];
  const drains: (() => void)[] = [];
  const subscribe = async (prefetch: number): Promise<Subscription> => {
    const drained = Promise.withResolvers<void>();
    deeds.push(`+${prefetch}`);
    return {
      isConsuming: true,
      drained: drained.promise,
      cancel: async () => {
        deeds.push(`-${prefetch}`);
        drains.push(drained.resolve);
      },
    };
  };
  const drain = async (): Promise<void> => {
    for (const resolve of drains.splice(0)) resolve();
    await nextTurn();
  };
  return { group: new ConsumerGroup({ subscribe, isSingleActive }), deeds, drain };
}

test.each<[string, readonly number[], readonly string[]]>([
  ["more room is one more consumer", [2, 12], ["+2", "+10"]],
  ["less room is a consumer fewer", [2, 12, 2], ["+2", "+10", "-10"]],
  ["less room than any consumer's is a new one", [10, 4], ["+10", "-10", "+4"]],
  ["the same room is nothing", [10, 10], ["+10"]],
])("%s", async (_name, [first = 0, ...sizes], expected) => {
  const { group, deeds } = createGroup();
  await group.open(first);
  for (const size of sizes) await group.resize(size);
  expect(deeds).toEqual(expected);
  expect(group.prefetch).toBe(sizes.at(-1));
});

test("room shrinks again only when what an earlier change left is settled", async () => {
  const { group, deeds, drain } = createGroup();
  await group.open(10);
  for (const size of [9, 8, 7]) await group.resize(size);
  expect([group.prefetch, ...deeds]).toEqual([9, "+10", "-10", "+9"]);
  await drain();
  expect([group.prefetch, ...deeds.slice(3)]).toEqual([7, "-9", "+7"]);
  await group.resize(20); // growing never waits
  expect(group.prefetch).toBe(20);
});

test("a single active consumer is replaced, as a second beside it would get nothing", async () => {
  const { group, deeds } = createGroup(true);
  await group.open(2);
  await group.resize(12);
  expect([group.prefetch, ...deeds]).toEqual([12, "+2", "-2", "+12"]);
});

test("a cancelled group takes no more consumers", async () => {
  const { group, deeds, drain } = createGroup();
  await group.open(10);
  await group.resize(5);
  await group.resize(3);
  await group.cancel();
  await drain();
  await group.resize(8);
  expect([group.prefetch, group.isConsuming, ...deeds]).toEqual([0, false, "+10", "-10", "+5", "-5"]);
});
