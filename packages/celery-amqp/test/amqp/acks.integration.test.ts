import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";

describe.each(brokersAtHand())("acks given just before a consumer goes (RabbitMQ %s)", (broker) => {
  let vhost: TestVhost;
  let transport: Transport;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
    transport = createAmqpTransport({ url: vhost.url });
    await transport.connect();
  });
  afterAll(async () => {
    await transport.close();
    await vhost.remove();
  });

  test.each([undefined, { "x-queue-type": "quorum" }])("reach a queue with arguments %j", async (table) => {
    const queue = `q-${randomUUID()}`;
    const flags = { name: queue, durable: true, autoDelete: false, exclusive: false };
    await transport.declare({ exchanges: [], queues: [{ ...flags, arguments: table }], bindings: [] });
    const to = { exchange: "", routingKey: queue };
    const bodies = Array.from({ length: 3_000 }, (_, n) => new TextEncoder().encode(String(n)));
    const publish = (body: Uint8Array) => transport.publisher.publish({ headers: {}, properties: {}, body }, to);
    await Promise.all(bodies.map(publish));
    const ackedIn = new Map<string, number>();
    const unheard = new Set<number>();
    for (let round = 1; round <= 10; round += 1) {
      const held: Delivery[] = [];
      const full = Promise.withResolvers<void>();
      const subscription = await transport.subscribe({ queue, prefetch: 200 }, (delivery) => {
        if (held.push(delivery) === 200) full.resolve();
      });
      await full.promise;
      await subscription.cancel();
      for (const delivery of held.toReversed()) {
        const body = new TextDecoder().decode(delivery.message.body);
        const before = ackedIn.get(body);
        if (before !== undefined) unheard.add(before);
        ackedIn.set(body, round);
        delivery.ack();
        await nextTurn(); // the newest first and one a turn, so that each is a frame of its own
      }
      await subscription.drained;
    }
    // A broker that stands still for longer than a channel waits gives messages back all the same.
    expect(unheard.size).toBeLessThan(2);
  });
});
