import { expect, test } from "vitest";
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

test("one message that is passed over while others are confirmed never accuses the node, and its channel once", () => {
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
