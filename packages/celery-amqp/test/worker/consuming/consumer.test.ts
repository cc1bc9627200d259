import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { CeleryError } from "../../../src/ports/errors.ts";
import type { DeclareMode, SubscribeOptions, Transport } from "../../../src/ports/transport.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { QueueConsumer } from "../../../src/worker/consuming/consumer.ts";
import { type QueueOptions, resolveQueue } from "../../../src/send/queues.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface Asked {
  readonly declared: DeclareMode[];
  readonly subscribed: SubscribeOptions[];
  readonly cancelled: number[];
  /** Those of the subscriptions that the broker has lost; a test says which. */
  readonly lost: Set<number>;
}

/** A consumer on a transport that refuses active declares with `refusal`. */
function consumerOf(
  queue: string | QueueOptions,
  refusal: CeleryError | null,
  isMissing = false,
): { consumer: QueueConsumer; asked: Asked } {
  const asked: Asked = { declared: [], subscribed: [], cancelled: [], lost: new Set() };
  const transport = {
    subscribe: async (options: SubscribeOptions) => {
      asked.declared.push(options.declare ?? "active");
      if (options.declare === "active" && refusal !== null) throw refusal;
      if (options.declare === "passive" && isMissing) throw new CeleryError("not-found", "404");
      const index = asked.subscribed.push(options);
      return {
        get isConsuming() {
          return !asked.lost.has(index);
        },
        drained: new Promise<void>(() => {}),
        cancel: async () => void asked.cancelled.push(index),
      };
    },
  } as unknown as Transport;
  const consumer = new QueueConsumer({
    transport,
    queue: resolveQueue(queue),
    prefetch: 4,
    clock: createFakeClock(),
    scheduledLimit: 100,
    log: silent,
    onDelivery: () => {},
    onLost: () => {},
    onConsumed: async () => {},
  });
  return { consumer, asked };
}

const mismatch = new CeleryError("queue-mismatch", "406");
const refused = new CeleryError("access-refused", "403");

describe("a queue that is to be served", () => {
  test("is declared as Celery does and consumed with a prefetch of the concurrency", async () => {
    const { consumer, asked } = consumerOf("celery", null);
    await consumer.start();
    expect(asked.declared).toEqual(["active"]);
    expect(asked.subscribed).toMatchObject([{ queue: "celery", prefetch: 4, declare: "active" }]);
    expect(asked.subscribed[0]?.noAck).toBeUndefined();
    expect(asked.subscribed[0]?.topology).toEqual({
      queue: "celery",
      exchanges: [{ name: "celery", type: "direct", durable: true, autoDelete: false }],
      queues: [{ name: "celery", durable: true, autoDelete: false, exclusive: false }],
      bindings: [{ source: "celery", destination: "celery", destinationType: "queue", routingKey: "celery" }],
    });
  });

  test.each([
    ["with other arguments, none were asked for", "celery", mismatch],
    ["by a user without the right to declare", "celery", refused],
    ["typed, by a user without the right to declare", { name: "q", type: "quorum" }, refused],
  ] satisfies [string, string | QueueOptions, CeleryError][])(
    "is taken as it is: %s",
    async (_name, queue, refusal) => {
      const { consumer, asked } = consumerOf(queue, refusal);
      await consumer.start();
      expect(asked.declared).toEqual(["active", "passive"]);
      expect(asked.subscribed).toMatchObject([{ declare: "passive" }]);
    },
  );

  test("is an error where its type was asked for and is another", async () => {
    const { consumer } = consumerOf({ name: "q", type: "quorum" }, mismatch);
    await expect(consumer.start()).rejects.toBe(mismatch);
  });
});

describe("a queue that is served", () => {
  test("is consumed when all of its consumers are", async () => {
    const { consumer, asked } = consumerOf("celery", null);
    expect(consumer.isConsuming).toBe(false);
    await consumer.start();
    consumer.onReserved(1);
    await nextTurn();
    expect([asked.subscribed.length, consumer.isConsuming]).toEqual([2, true]);
    for (const index of [1, 2]) {
      asked.lost.add(index);
      expect(consumer.isConsuming).toBe(false);
      asked.lost.clear();
    }
    expect(consumer.isConsuming).toBe(true);
  });
});

describe("room for waiting tasks", () => {
  test("comes by further consumers and goes when none waits", async () => {
    const { consumer, asked } = consumerOf("celery", null);
    await consumer.start();
    for (let held = 1; held <= 20; held += 1) consumer.onReserved(held);
    await nextTurn();
    await consumer.cancel();
    expect(asked.subscribed.map((options) => options.prefetch)).toEqual([4, 8, 8, 16]);
    expect(asked.cancelled).toEqual([1, 2, 3, 4]);
  });

  test("is not made any more once the consumer was cancelled", async () => {
    const { consumer, asked } = consumerOf("celery", null);
    await consumer.start();
    await consumer.cancel();
    consumer.onReserved(50);
    await consumer.cancel();
    expect(asked.subscribed).toHaveLength(1);
  });
});
