import { expect, test } from "vitest";
import { StuckDestinations } from "../../src/amqp/stuck.ts";

test("a destination is remembered for half a minute, and one that stops a channel again for as long again", () => {
  const stuck = new StuckDestinations();
  expect(stuck.isEmpty).toBe(true);
  stuck.add("a", 0);
  stuck.add("b", 0);
  stuck.add("b", 20_000);
  expect([stuck.has("a", 29_999), stuck.has("a", 30_000), stuck.has("b", 49_999), stuck.has("c", 0)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(stuck.has("b", 50_000)).toBe(false);
  expect(stuck.isEmpty).toBe(true);
});

test("a thousand are remembered at most, the oldest is forgotten", () => {
  const stuck = new StuckDestinations();
  for (let index = 0; index <= 1_000; index += 1) stuck.add(`${index}`, 0);
  expect([stuck.has("0", 1), stuck.has("1", 1), stuck.has("1000", 1)]).toEqual([false, true, true]);
});
