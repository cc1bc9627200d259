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
  const entry = pending("q");
  expect(made.complaint(1099, entry)).toBeNull();
  expect(made.complaint(1100, entry)).toBe("nothing for 100 ms");
});

test("a confirm, and a new channel, give it time again", () => {
  const made = watch();
  made.onConfirm(1090);
  expect(made.complaint(1189, pending("q"))).toBeNull();
  made.restart(1150);
  expect(made.complaint(1249, pending("q"))).toBeNull();
});

test("one message that is passed over while others are confirmed is reason enough, once in a publish's life", () => {
  const made = watch();
  const outcomes = (entry: Pending, times: readonly number[]) =>
    times.map((now) => {
      made.onConfirm(now);
      return made.complaint(now, entry);
    });
  expect(outcomes(pending("stuck"), [1050, 1100, 1150])).toEqual([
    null,
    null,
    'nothing to exchange "", routing key "stuck", for 100 ms',
  ]);
  made.restart(1160);
  // The queue is down on the other node too.
  expect(outcomes(pending("stuck"), [1200, 1300, 1400, 1449])).toEqual([null, null, null, null]);
  made.onConfirm(1450);
  expect(made.complaint(1450, null)).toBeNull();
});

test("the oldest message changes as long as the broker keeps up", () => {
  const made = watch();
  for (let now = 1010; now < 1500; now += 10) {
    made.onConfirm(now);
    expect(made.complaint(now, pending("q"))).toBeNull();
  }
});

test("it is to be looked at twice in the time allowed, and when the silence is over", () => {
  const made = watch();
  expect(made.lookAt(1000)).toBe(1050);
  expect(made.lookAt(1080)).toBe(1100);
});
