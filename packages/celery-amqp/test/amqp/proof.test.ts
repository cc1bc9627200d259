import { expect, onTestFinished, test } from "vitest";
import type { Consumer } from "../../src/amqp/consumer.ts";
import { Proof, silenceMs } from "../../src/amqp/proof.ts";
import { CeleryError, UnroutableError } from "../../src/ports/errors.ts";
import type { Delivery, QueueInfo } from "../../src/ports/transport.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";

interface Setting {
  readonly isOwn?: boolean;
  readonly isAwaiting?: boolean;
  /** What becomes of a message to the queue itself; `taken` brings it to the consumer. */
  readonly publish?: (taken: () => void) => Promise<void>;
  readonly consumerCount?: () => Promise<number>;
  readonly isAnswered?: boolean;
  readonly isLeft?: boolean;
}

/** A consumer that is watched from its opening on. */
function watching({ isOwn = true, isAwaiting = true, isAnswered = true, isLeft = false, ...setting }: Setting) {
  const clock = createFakeClock();
  const { publish = async (taken) => taken(), consumerCount = async () => 1 } = setting;
  const ended = new AbortController();
  const ends: string[] = [];
  let sent = 0;
  const proof = new Proof({
    clock,
    isOwn,
    isAwaiting: () => isAwaiting,
    isLeft: () => isLeft,
    publish: (message) => {
      sent += 1;
      return publish(() => expect(proof.take({ message } as Delivery)).toBe(true));
    },
    inspect: async (): Promise<QueueInfo> => ({ name: "q", messageCount: 0, consumerCount: await consumerCount() }),
  });
  const consumer = {
    delivered: 0,
    giveUp: ({ message }: Error) => ends.push(`consumer: ${message}`),
    link: { isLost: false, probe: async () => isAnswered, kill: ({ message }: Error) => ends.push(`link: ${message}`) },
  };
  const watch = () => void proof.watch(consumer as unknown as Consumer, "q", ended.signal);
  onTestFinished(() => ended.abort());
  watch();
  return { clock, consumer, proof, ends, watch, sent: () => sent };
}

test("a consumer that gets its message to itself lives, however long it is silent", async () => {
  const { clock, ends, sent } = watching({});
  await clock.advance(60_000);
  expect(ends).toEqual([]);
  expect(sent()).toBeGreaterThan(20);
});

test("a consumer that gets messages is asked nothing, and one of which none are awaited seldom", async () => {
  const busy = watching({});
  for (let round = 0; round < 20; round += 1) {
    busy.consumer.delivered += 1;
    await busy.clock.advance(500);
  }
  expect(busy.sent()).toBe(0);
  const idle = watching({ isAwaiting: false });
  await idle.clock.advance(60_000);
  expect(idle.sent()).toBeLessThanOrEqual(6);
});

test.each([
  ["its queue is gone", async () => Promise.reject(new UnroutableError("", "q"))],
  ["its queue refuses messages", async () => Promise.reject(new CeleryError("publish-nacked", "refused"))],
  ["it does not get a message to itself", async () => {}],
] as const)("a consumer is given up in seconds where %s", async (reason, publish) => {
  const { clock, ends } = watching({ publish });
  await clock.advance(silenceMs.awaited + 4_000);
  expect(ends).toEqual([`consumer: The consumer is dead: ${reason}.`]);
});

test("a publishing connection that is away, and a lost link, prove nothing", async () => {
  const away = watching({ publish: async () => Promise.reject(new CeleryError("connection-lost", "away")) });
  await away.clock.advance(30_000);
  const unanswered = watching({ isAnswered: false, publish: async () => {} });
  await unanswered.clock.advance(30_000);
  expect([away.ends, unanswered.ends]).toEqual([[], []]);
});

test("three dead consumers in a row cost the connection, and the second the name", async () => {
  const { clock, ends, watch, proof } = watching({ publish: async () => {} });
  const doubts: boolean[] = [];
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(silenceMs.awaited + 4_000);
    doubts.push(proof.isDoubted);
    watch();
  }
  expect(ends.map((end) => end.split(":")[0])).toEqual(["consumer", "consumer", "link"]);
  expect(doubts).toEqual([false, true, true]);
});

test("a dead consumer costs the connection at once where the publisher has left the node", async () => {
  const { clock, ends, proof } = watching({ publish: async () => {}, isLeft: true });
  await clock.advance(silenceMs.awaited + 1_000);
  expect(ends).toEqual(["link: The consumer is dead: its node confirms nothing."]);
  expect(proof.isDoubted).toBe(true);
});

test("a task consumer that the broker does not count for seconds is on a node that is cut off: the connection is left", async () => {
  const { clock, ends } = watching({ isOwn: false, consumerCount: async () => 0 });
  await clock.advance(silenceMs.tasks + 5_000);
  expect(ends).toEqual([]);
  await clock.advance(3_000);
  expect(ends).toEqual(["link: The consumer is dead: the broker counts no consumer of its queue."]);
});

test("a task consumer that is counted again, or whose queue cannot be looked at once, is kept", async () => {
  let count = 0;
  const electing = watching({ isOwn: false, consumerCount: async () => count++ });
  await electing.clock.advance(60_000);
  const refusing = watching({ isOwn: false, consumerCount: async () => Promise.reject(new Error("down")) });
  await refusing.clock.advance(60_000);
  expect([electing.ends, refusing.ends]).toEqual([[], []]);
});

test("a broker that thrice does not say how many consumers a queue has is left", async () => {
  const late = new CeleryError("rpc-timeout", "late");
  const { clock, ends } = watching({ isOwn: false, consumerCount: async () => Promise.reject(late) });
  await clock.advance(3 * silenceMs.tasks + 1_000);
  expect(ends).toHaveLength(1);
  expect(ends[0]).toContain("link: The consumer is dead: the broker does not count");
});
