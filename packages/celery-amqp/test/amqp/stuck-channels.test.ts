import { describe, expect, test, vi } from "vitest";
import type { PublishQueues } from "../../src/amqp/publish-queues.ts";
import type { Pending } from "../../src/amqp/pending.ts";
import type { PublishSession } from "../../src/amqp/publish-session.ts";
import { StuckChannels } from "../../src/amqp/stuck-channels.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

// Whether a channel is stuck, told by a connection that answers beside it.

const culprit = {
  key: "/orders",
  address: { exchange: "", routingKey: "orders" },
  writtenAt: 0,
} as Pending;

function setUp(probe: () => Promise<boolean>, isBlocked = false) {
  const clock = createFakeClock();
  const link = { probe: vi.fn<() => Promise<boolean>>(probe) };
  const close = vi.fn<(waitMs?: number) => void>();
  const session = { link, close, isClosing: false, hasAnswered: false } as unknown as PublishSession;
  const expired: Pending[] = [];
  const channels = new StuckChannels({
    clock,
    logger: new RecordingLogger(),
    queues: { oldestWritten: culprit, oldestUnanswered: culprit } as PublishQueues,
    session: () => session,
    isBlocked: () => isBlocked,
    expire: (entry) => expired.push(entry),
  });
  return { channels, session, link, close, expired };
}

describe("a channel that has not answered for 2 s", () => {
  test("is left where the connection answers: its oldest publish fails, and its destination is remembered", async () => {
    const { channels, close, expired } = setUp(async () => true);
    expect(channels.hasStopped(culprit)).toBe(false);
    await channels.lookInto(1_999);
    expect(close).not.toHaveBeenCalled();
    await channels.lookInto(2_000);
    expect([close.mock.calls, expired]).toEqual([[[0]], [culprit]]);
    expect(channels.hasStopped(culprit)).toBe(true);
  });

  test("stays where the connection does not answer either: the broker is slow", async () => {
    const { channels, close, expired } = setUp(async () => false);
    await channels.lookInto(2_000);
    expect([close.mock.calls, expired]).toEqual([[], []]);
  });

  test("stays where it answers meanwhile", async () => {
    const answer = Promise.withResolvers<boolean>();
    const { channels, close, expired } = setUp(() => answer.promise);
    const looked = channels.lookInto(2_000);
    channels.onAnswer(2_500);
    answer.resolve(true);
    await looked;
    expect([close.mock.calls, expired]).toEqual([[], []]);
  });

  test("is not asked about while the broker takes no publishes, nor twice at once", async () => {
    const blocked = setUp(async () => true, true);
    await blocked.channels.lookInto(2_000);
    expect(blocked.link.probe).not.toHaveBeenCalled();
    const busy = setUp(() => new Promise(() => {}));
    void busy.channels.lookInto(2_000);
    void busy.channels.lookInto(3_000);
    expect(busy.link.probe).toHaveBeenCalledTimes(1);
  });
});

test("a new channel that has answered nothing is left once on a connection, and nothing is failed", async () => {
  const { channels, session, close, expired } = setUp(async () => true);
  await channels.lookIntoNew(session, culprit);
  await channels.lookIntoNew(session, culprit);
  expect([close.mock.calls, expired]).toEqual([[[0]], []]);
});
