import type { Channel, Message } from "amqplib";
import { expect, test } from "vitest";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { Acks } from "../../src/amqp/acks.ts";

/** Writes down what reaches the channel, as "ack 3", "ack ≤3" for `multiple`, "reject 2". */
function scene(...tags: readonly number[]) {
  const sent: string[] = [];
  const channel = {
    ack: ({ fields }: Message, upTo = false) => sent.push(`ack ${upTo ? "≤" : ""}${fields.deliveryTag}`),
    reject: ({ fields }: Message, requeue: boolean) =>
      sent.push(`${requeue ? "requeue" : "reject"} ${fields.deliveryTag}`),
  };
  const errors: unknown[] = [];
  const acks = new Acks(channel as unknown as Channel, createFakeClock(), (error) => errors.push(error));
  for (const tag of tags) acks.deliver(tag);
  return { acks, sent, channel, errors };
}

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

test("acks of one turn with nothing open before them leave as one", async () => {
  const { acks, sent } = scene(1, 2, 3, 4);
  for (const tag of [2, 1, 3]) acks.ack(tag);
  expect(sent).toEqual([]);
  await nextTick();
  expect(sent).toEqual(["ack ≤3"]);
  expect(acks.unsettled).toBe(1);
});

test("an ack never covers a delivery that is still open", async () => {
  const { acks, sent } = scene(1, 2, 3, 4, 5);
  for (const tag of [1, 2, 4, 5]) acks.ack(tag);
  await nextTick();
  expect(sent).toEqual(["ack ≤2", "ack 4", "ack 5"]);
});

test("a single ack names its one delivery", async () => {
  const { acks, sent } = scene(1, 2);
  acks.ack(1);
  await nextTick();
  expect(sent).toEqual(["ack 1"]);
});

test("a rejection goes at once, and a run may step over it", async () => {
  const { acks, sent } = scene(1, 2, 3);
  acks.ack(1);
  acks.reject(2, false);
  acks.ack(3);
  await nextTick();
  expect(sent).toEqual(["reject 2", "ack ≤3"]);
});

test("a delivery settles once", () => {
  const { acks } = scene(1);
  expect([acks.ack(1), acks.ack(1), acks.reject(1, true), acks.ack(7)]).toEqual([true, false, false, false]);
});

test("a channel that is gone is told of, not thrown", async () => {
  const { acks, channel, errors } = scene(1, 2);
  channel.ack = () => {
    throw new Error("closed");
  };
  acks.ack(1);
  await nextTick();
  expect(errors).toHaveLength(1);
});
