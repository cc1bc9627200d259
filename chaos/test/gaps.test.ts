import { expect, test } from "vitest";
import { longestGap } from "../judging/gaps.ts";
import type { Record } from "../judging/records.ts";

const sent = (at: number): Record => ({
  type: "sending",
  id: String(at),
  kind: "plain",
  queue: "q",
  dueAt: null,
  by: "p",
  at,
});
const ended = (at: number): Record => ({ type: "ended", id: "a", attempt: 0, redelivered: false, by: "w", at });

test("the longest time without an end of a run counts, up to the last send", () => {
  const records = [sent(0), ended(100), ended(400), ended(1_000), sent(2_000), ended(9_000)];
  expect(longestGap(records, [])).toBe(1_000);
});

test("an outage of the whole broker does not count, nor the time after it in which it recovers", () => {
  const records = [sent(0), ended(0), ended(60_000), sent(60_000)];
  expect(longestGap(records, [])).toBe(60_000);
  expect(longestGap(records, [{ from: 10_000, to: 20_000 }])).toBe(30_000);
  expect(longestGap(records, [{ from: 90_000, to: 95_000 }])).toBe(60_000);
});

test("the last sends, by which the conductor asks whether all queues are served, are no part of it", () => {
  const probe: Record = { ...sent(500_000), by: "conductor-1" };
  expect(longestGap([sent(0), ended(100), sent(200), probe, ended(501_000)], [])).toBe(100);
});

test("a run in which nothing was sent has no gap", () => {
  expect(longestGap([], [])).toBe(0);
});
