import { createContent } from "@leveret/celery-protocol";
import { decodeControlRequest } from "@leveret/celery-protocol/control";
import { controlExchange } from "@leveret/celery-protocol/routing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Broadcaster } from "../../src/control/broadcaster.ts";
import { LogicalClock } from "../../src/events/logical-clock.ts";
import { createMemoryBroker, type MemoryBroker } from "../../src/testing/memory-broker.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const content = createContent();
const exchange = controlExchange();
const everybody = { destination: null, pattern: null, matcher: null };
const mailbox = {
  exchanges: [exchange],
  queues: [{ name: "mailbox", durable: true, autoDelete: false, exclusive: false }],
  bindings: [{ source: exchange.name, destination: "mailbox", destinationType: "queue", routingKey: "" }],
} as const;

let broker: MemoryBroker;
let transport: Transport;
let broadcaster: Broadcaster;
let logger: RecordingLogger;
beforeEach(async () => {
  const clock = createFakeClock({ now: 1_795_343_351_784 });
  broker = createMemoryBroker({ clock });
  transport = createMemoryTransport({ broker });
  logger = new RecordingLogger();
  let ids = 0;
  const parts = { content, clock, logicalClock: new LogicalClock(), logger };
  broadcaster = new Broadcaster({ ...parts, transport, ids: { uuid: () => `id-${++ids}`, random: () => 0.5 } });
  await transport.connect();
  await transport.declare(mailbox);
});
afterEach(async () => {
  await broadcaster.close();
  await transport.close();
});

const heard = (): readonly string[] =>
  broker.messages("mailbox").map((message) => decodeControlRequest(message, content).method);
const written = (): Promise<void> => eventually("it is written", () => heard().length > 0);

test("a command that one mailbox did not take counts as sent, and is not repeated", async () => {
  broker.refuseNext();
  await broadcaster.cast({ method: "pool_grow", arguments: { n: 1 }, ...everybody });
  expect(logger.text).toContain("a mailbox refused a command of remote control");
  await broadcaster.cast({ method: "ping", arguments: {}, ...everybody });
  expect(heard()).toEqual(["ping"]);
});

test.each(["pool_grow", "pool_shrink", "election", "one_of_the_users"])(
  "%s is sent at most once, and whoever sent it is told that it may have arrived",
  async (method) => {
    broker.holdConfirms();
    const sent = broadcaster.cast({ method, arguments: {}, ...everybody });
    await written();
    broker.drop();
    await expect(sent).rejects.toMatchObject({ code: "connection-lost" });
    broker.releaseConfirms();
    expect(heard()).toEqual([method]);
  },
);

test.each(["revoke", "ping", "shutdown"])("%s is sent again after a loss", async (method) => {
  broker.holdConfirms();
  const sent = broadcaster.cast({ method, arguments: { task_id: "a" }, ...everybody });
  await written();
  broker.drop();
  await eventually("it is written again", () => heard().length === 2);
  broker.releaseConfirms();
  await sent;
  expect(heard()).toEqual([method, method]);
});
