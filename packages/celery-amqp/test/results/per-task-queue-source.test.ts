import { createContent, encodeResult } from "@leveret/celery-protocol";
import { expect, test } from "vitest";
import type { Delivery, SubscribeOptions, Subscription, Transport } from "../../src/ports/transport.ts";
import { PerTaskQueueSource } from "../../src/results/per-task-queue-source.ts";
import { success } from "../client/lab.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

test("a result with unreadable headers is acked and logged, and the true one still comes", async () => {
  const { promise: subscribed, resolve } = Promise.withResolvers<(delivery: Delivery) => void>();
  const subscribe = (_options: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription> => {
    resolve(onDelivery);
    return Promise.resolve({ isConsuming: true, drained: Promise.resolve(), cancel: () => Promise.resolve() });
  };
  const [content, logger, states] = [createContent(), new RecordingLogger(), [] as string[]];
  const transport = { subscribe } as unknown as Transport;
  const limits = { maxResults: 10, maxBytes: 1_000 };
  const source = new PerTaskQueueSource({ transport, content, logger, limits });
  source.watch("id", { onState: ({ status }) => states.push(status), onLost: ({ code }) => states.push(code) });
  const onDelivery = await subscribed;
  const acks: (string | null)[] = [];
  const message = encodeResult(success({ id: "id" }, 3), content);
  const deliver = (unreadable: string | null): void => {
    const settle = {
      ack: () => acks.push(unreadable) > 0,
      reject: () => false,
      publish: () => Promise.resolve(),
      sync: () => Promise.resolve(true),
    };
    const from = { address: { exchange: "", routingKey: "id" }, queue: "id", redelivered: false, deliveryCount: null };
    onDelivery({ message, unreadable, ...from, ...settle });
  };
  deliver("odd");
  expect(states).toEqual([]);
  deliver(null);
  expect(states).toEqual(["SUCCESS"]);
  expect(acks).toEqual(["odd", null]);
  expect(logger.lines).toEqual([expect.stringMatching(/^warn a result with unreadable headers is dropped .*odd/)]);
});
