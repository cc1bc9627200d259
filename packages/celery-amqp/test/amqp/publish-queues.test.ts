import { expect, test } from "vitest";
import { PublishQueues } from "../../src/amqp/publish-queues.ts";
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

function write(queues: PublishQueues, at: number, ...entries: readonly Pending[]): void {
  for (const entry of entries) {
    entry.writtenAt = at;
    queues.inFlight.add(entry);
  }
}

test("messages of a destination that confirms nothing take no room from others once they are late", () => {
  const queues = new PublishQueues(limits);
  const dead = [pending("dead"), pending("dead"), pending("dead")];
  write(queues, 0, ...dead);
  expect(queues.canWrite(pending("fit"))).toBe(false);
  queues.age(0);
  expect(queues.canWrite(pending("fit"))).toBe(true);
  expect(queues.isLate(pending("dead"))).toBe(true);
  expect(queues.isLate(pending("fit"))).toBe(false);
});

test("what is held behind a late message waits for room again when that one is confirmed or given up", () => {
  const queues = new PublishQueues(limits);
  const [late, next] = [pending("dead"), pending("dead")];
  write(queues, 0, late);
  queues.age(0);
  queues.held.add(next);
  expect(queues.takeFlying(late)).toBe(true);
  expect([queues.held.size, [...queues.waiting]]).toEqual([0, [next]]);
  expect(queues.isLate(next)).toBe(false);
});

test("a message with a time to be answered has had it only where the broker was heard since", () => {
  const queues = new PublishQueues(limits);
  const reply = pending("reply", 1_000);
  write(queues, 100, reply);
  expect(queues.sweep(1_099, 50)).toMatchObject({ overdue: [], next: 1_100, isUnsure: false });
  expect(queues.sweep(1_100, 50)).toMatchObject({ overdue: [], isUnsure: true });
  expect(queues.sweep(1_100, 101)).toMatchObject({ overdue: [reply], isUnsure: false });
  expect(queues.sweep(30_000, 50)).toMatchObject({ overdue: [reply], isUnsure: false });
});

test("such a message accuses no node: none of them is due", () => {
  const queues = new PublishQueues(limits);
  const reply = pending("reply", 1_000);
  write(queues, 0, reply);
  expect([queues.unconfirmed, queues.due, queues.oldestDue]).toEqual([1, 0, null]);
  const lasting = pending("queue");
  write(queues, 1, lasting);
  expect([queues.unconfirmed, queues.due, queues.oldestDue]).toEqual([2, 1, lasting]);
});

test("when the channel ends all goes again, oldest first, with its whole time to be answered", () => {
  const queues = new PublishQueues(limits);
  const [late, flying, held, waiting] = [pending("dead"), pending("reply", 1_000), pending("dead"), pending("x")];
  write(queues, 0, late);
  queues.age(0);
  write(queues, 1, flying);
  queues.held.add(held);
  queues.waiting.add(waiting);
  expect(queues.takeAll()).toEqual([late, flying, held, waiting]);
  expect(flying.endsAt).toBe(30_000);
  expect(queues.open).toBe(0);
});

test("many that were given up clog a channel", () => {
  const queues = new PublishQueues(limits);
  for (const entry of [pending("a"), pending("b")]) queues.expired.add(entry);
  expect(queues.isClogged).toBe(false);
  queues.expired.add(pending("c"));
  expect(queues.isClogged).toBe(true);
});
