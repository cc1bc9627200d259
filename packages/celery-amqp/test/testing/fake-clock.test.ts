import { expect, test } from "vitest";
import { createFakeClock } from "../../src/testing.ts";

test("timers are called in order of their time, each at its own moment", async () => {
  const clock = createFakeClock({ now: 0 });
  const calls: [string, number][] = [];
  clock.setTimer(20, () => calls.push(["late", clock.now()]));
  clock.setTimer(10, () => calls.push(["early", clock.now()]));
  await clock.advance(30);
  expect(calls).toEqual([
    ["early", 10],
    ["late", 20],
  ]);
  expect(clock.now()).toBe(30);
});

test("a timer that a woken promise sets is still called within the same advance", async () => {
  const clock = createFakeClock({ now: 0 });
  const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve));
  const done = (async () => {
    await wait(10);
    await wait(10);
    return clock.now();
  })();
  await clock.advance(25);
  await expect(done).resolves.toBe(20);
});

test("a cancelled timer is not called, and cancelling twice is harmless", async () => {
  const clock = createFakeClock({ now: 0 });
  const calls: string[] = [];
  const cancel = clock.setTimer(5, () => calls.push("never"));
  expect([clock.pending, clock.nextAt]).toEqual([1, 5]);
  cancel();
  cancel();
  await clock.advance(10);
  expect(calls).toEqual([]);
  expect([clock.pending, clock.nextAt]).toEqual([0, null]);
});
