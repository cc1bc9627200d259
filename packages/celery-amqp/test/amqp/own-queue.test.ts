import { expect, test } from "vitest";
import { OwnName } from "../../src/amqp/own-queue.ts";
import { CeleryError } from "../../src/ports/errors.ts";

const topology = {
  exchanges: [{ name: "celery.pidbox", type: "fanout", durable: false, autoDelete: false }],
  queues: [{ name: "w.pidbox", durable: false, autoDelete: true, exclusive: true }],
  bindings: [{ source: "celery.pidbox", destination: "w.pidbox", destinationType: "queue", routingKey: "" }],
} as const;

function answered(replyCode: number, text: string): CeleryError {
  const cause = Object.assign(new Error(`Operation failed with message "${text}"`), { code: replyCode });
  return new CeleryError(replyCode === 404 ? "not-found" : "access-refused", text, { cause });
}

const away = answered(404, "home node 'r1@r1' of durable queue 'w.pidbox' in vhost '/' is down or inaccessible");
const locked = answered(405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue");

test("a queue whose node is down, or that the broker keeps for a node that is away, gets another name after a second", () => {
  for (const error of [away, locked]) {
    const name = new OwnName(topology);
    name.onOpened();
    expect([name.isStuck(error, 0), name.isStuck(error, 999), name.isStuck(error, 1_000)]).toEqual([
      false,
      false,
      true,
    ]);
  }
});

test("a queue that is not answered for gets another name at once", () => {
  const name = new OwnName(topology);
  expect(name.isStuck(new CeleryError("rpc-timeout", "The broker did not answer"), 0)).toBe(true);
});

test("a name is kept where another process may have it, where the connection went, and when it comes back in time", () => {
  const name = new OwnName(topology);
  expect([name.isStuck(locked, 0), name.isStuck(locked, 5_000)]).toEqual([false, false]);
  name.onOpened();
  expect(name.isStuck(new CeleryError("connection-lost", "Lost: read ECONNRESET"), 0)).toBe(false);
  expect(name.isStuck(away, 0)).toBe(false);
  name.onOpened();
  expect([name.isStuck(away, 60_000), name.isStuck(away, 60_999)]).toEqual([false, false]);
});

test("another name stands in the queue and in its bindings, and is not grown from the one before", () => {
  const name = new OwnName(topology);
  name.rename();
  expect(name.topology.queues).toMatchObject([{ name: "w.pidbox.2", exclusive: true }]);
  expect(name.topology.bindings).toMatchObject([{ source: "celery.pidbox", destination: "w.pidbox.2" }]);
  name.rename();
  expect([name.queue, name.topology.bindings[0]?.destination]).toEqual(["w.pidbox.3", "w.pidbox.3"]);
});
