import { describe, expect, test } from "vitest";
import { ConfirmWatch } from "../../src/amqp/confirm-watch.ts";
import { Pending } from "../../src/amqp/pending.ts";

function pending(routingKey: string): Pending {
  const message = { headers: {}, properties: {}, body: Buffer.alloc(0) };
  const address = { exchange: "", routingKey };
  return new Pending(
    { message, address, mandatory: true, deadline: 0, timeoutMs: 0 },
    () => {},
    () => {},
  );
}

function watch(): ConfirmWatch {
  const made = new ConfirmWatch({ confirmTimeoutMs: 100, publishTimeoutMs: 300 });
  made.restart(1000);
  return made;
}

test("a node that confirms nothing for the time allowed is to be left", () => {
  const made = watch();
  expect(made.isSilent(1099)).toBe(false);
  expect(made.isSilent(1100)).toBe(true);
});

test("a confirm, and a new channel, give it time again", () => {
  const made = watch();
  made.onConfirm(1090);
  expect(made.isSilent(1189)).toBe(false);
  made.restart(1150);
  expect(made.isSilent(1249)).toBe(false);
});

test("one unconfirmed message among confirmed ones never costs the connection, and its channel once", () => {
  const made = watch();
  const stuck = pending("stuck");
  stuck.writtenAt = 1000;
  const found = [1050, 1100, 1150, 1399, 1400].map((now) => {
    made.onConfirm(now);
    return [made.isSilent(now), made.isStraggler(now, stuck)];
  });
  expect(found).toEqual([
    [false, false],
    [false, true],
    [false, false],
    [false, false],
    [false, true],
  ]);
});

test("it is to be asked ten times in the time allowed, and when the silence is over", () => {
  const made = watch();
  expect(made.lookAt(1000)).toBe(1010);
  expect(made.lookAt(1095)).toBe(1100);
});

describe("after a node was left for its silence", () => {
  test("each other node has a fifth of the time, once", () => {
    const made = watch();
    const allowed = [0, 1, 2, 3, 4].map(() => {
      const { silentMs, firstAnswerMs } = made;
      made.onLeave(2);
      made.restart(2000);
      return [silentMs, firstAnswerMs];
    });
    expect(allowed).toEqual([
      [100, 20],
      [20, 10],
      [20, 10],
      [100, 20],
      [20, 10],
    ]);
  });

  test("a confirm gives the next silence all its time again", () => {
    const made = watch();
    made.onLeave(2);
    made.restart(2000);
    expect(made.isSilent(2020)).toBe(true);
    made.onConfirm(2010);
    expect([made.isSilent(2109), made.isSilent(2110)]).toEqual([false, true]);
  });

  test("a broker of one node has all its time", () => {
    const made = watch();
    made.onLeave(0);
    expect(made.silentMs).toBe(100);
  });
});
