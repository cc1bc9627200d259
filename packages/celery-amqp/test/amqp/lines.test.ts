import { expect, test } from "vitest";
import { PublishLines } from "../../src/amqp/lines.ts";
import { Pending } from "../../src/amqp/pending.ts";

const limits = { maxInFlight: { messages: 3, bytes: 1e9 }, maxWaiting: { messages: 10, bytes: 1e9 } };

function pending(routingKey: string, answerTimeoutMs?: number): Pending {
  const message = { headers: {}, properties: {}, body: Buffer.alloc(0) };
  const request = { message, address: { exchange: "", routingKey }, mandatory: true, timeoutMs: 0, answerTimeoutMs };
  return new Pending(
    { ...request, deadline: 30_000 },
    () => {},
    () => {},
  );
}

function write(lines: PublishLines, at: number, ...entries: readonly Pending[]): void {
  for (const entry of entries) {
    entry.writtenAt = at;
    lines.inFlight.add(entry);
  }
}

test("messages of a destination that confirms nothing take no room from others once they are late", () => {
  const lines = new PublishLines(limits);
  const dead = [pending("dead"), pending("dead"), pending("dead")];
  write(lines, 0, ...dead);
  expect(lines.canWrite(pending("fit"))).toBe(false);
  lines.age(0);
  expect(lines.canWrite(pending("fit"))).toBe(true);
  expect(lines.isLate(pending("dead"))).toBe(true);
  expect(lines.isLate(pending("fit"))).toBe(false);
});

test("what is held behind a late message waits for room again when that one is confirmed or given up", () => {
  const lines = new PublishLines(limits);
  const [late, next] = [pending("dead"), pending("dead")];
  write(lines, 0, late);
  lines.age(0);
  lines.held.add(next);
  expect(lines.takeFlying(late)).toBe(true);
  expect([lines.held.size, [...lines.waiting]]).toEqual([0, [next]]);
  expect(lines.isLate(next)).toBe(false);
});

test("a message with a time to be answered has had it only where the broker was heard since", () => {
  const lines = new PublishLines(limits);
  const reply = pending("reply", 1_000);
  write(lines, 100, reply);
  expect(lines.sweep(1_099, 50)).toMatchObject({ overdue: [], next: 1_100, isUnsure: false });
  expect(lines.sweep(1_100, 50)).toMatchObject({ overdue: [], isUnsure: true });
  expect(lines.sweep(1_100, 101)).toMatchObject({ overdue: [reply], isUnsure: false });
  expect(lines.sweep(30_000, 50)).toMatchObject({ overdue: [reply], isUnsure: false });
});

test("such a message accuses no node: none of them is due", () => {
  const lines = new PublishLines(limits);
  const reply = pending("reply", 1_000);
  write(lines, 0, reply);
  expect([lines.unconfirmed, lines.due, lines.oldestDue]).toEqual([1, 0, null]);
  const lasting = pending("queue");
  write(lines, 1, lasting);
  expect([lines.unconfirmed, lines.due, lines.oldestDue]).toEqual([2, 1, lasting]);
});

test("when the channel ends all goes again, oldest first, with its whole time to be answered", () => {
  const lines = new PublishLines(limits);
  const [late, flying, held, waiting] = [pending("dead"), pending("reply", 1_000), pending("dead"), pending("x")];
  write(lines, 0, late);
  lines.age(0);
  write(lines, 1, flying);
  lines.held.add(held);
  lines.waiting.add(waiting);
  expect(lines.takeAll()).toEqual([late, flying, held, waiting]);
  expect(flying.endsAt).toBe(30_000);
  expect(lines.open).toBe(0);
});

test("many that were given up clog a channel", () => {
  const lines = new PublishLines(limits);
  for (const entry of [pending("a"), pending("b")]) lines.expired.add(entry);
  expect(lines.isClogged).toBe(false);
  lines.expired.add(pending("c"));
  expect(lines.isClogged).toBe(true);
});
