import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/system/clock.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a timer waits as long as it is told, also longer than Node's own can", () => {
  vi.useFakeTimers();
  const calls: string[] = [];
  const day = 86_400_000;
  systemClock.setTimer(100 * day, () => calls.push("late"));
  const cancel = systemClock.setTimer(60 * day, () => calls.push("never"));
  vi.advanceTimersByTime(59 * day);
  cancel();
  cancel();
  vi.advanceTimersByTime(40 * day);
  expect(calls).toEqual([]);
  // It gives way to what has arrived: one turn more.
  vi.advanceTimersByTime(day + 1);
  expect(calls).toEqual(["late"]);
  expect(vi.getTimerCount()).toBe(0);
});
