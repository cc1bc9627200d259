import assert from "node:assert/strict";
import type { HeaderTable } from "@leveret/celery-protocol";
import type { ExchangeDeclaration } from "@leveret/celery-protocol/routing";
import {
  publishTexts,
  queueOnly,
  rejectsWith,
  textMessage,
  textOf,
  transportCase,
  type TransportCase,
} from "./scene.ts";

/** What `subscribe` and its deliveries promise. */
export const consumingCases: readonly TransportCase[] = [
  transportCase("no more than `prefetch` deliveries are out at once", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2", "3", "4"]);
    const inbox = await scene.subscribe(transport, { queue, prefetch: 2 });
    const [first] = await inbox.take(2);
    assert.equal((await transport.inspectQueue(queue))?.messageCount, 2);
    assert.equal(first?.ack(), true);
    assert.equal(textOf(await inbox.next()), "3");
    assert.equal((await transport.inspectQueue(queue))?.messageCount, 1);
    assert.equal(inbox.size, 0);
  }),

  transportCase("what was acked is gone, what was not goes back when the transport closes", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2", "3"]);
    const [first, second] = await (await scene.subscribe(transport, { queue })).take(3);
    assert.equal(second?.ack(), true);
    await transport.close();
    assert.equal(first?.ack(), false);
    const rest = await (await scene.subscribe(await scene.connect(), { queue })).take(2);
    assert.deepEqual(
      rest.map((delivery) => [textOf(delivery), delivery.redelivered]),
      [
        ["1", true],
        ["3", true],
      ],
    );
  }),

  transportCase("a delivery settles once", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2"]);
    const inbox = await scene.subscribe(transport, { queue, prefetch: 1 });
    const delivery = await inbox.next();
    assert.deepEqual([delivery.ack(), delivery.ack(), delivery.reject({ requeue: true })], [true, false, false]);
    assert.equal(textOf(await inbox.next()), "2");
  }),

  transportCase("a requeued message comes back first, marked as redelivered", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2"]);
    const inbox = await scene.subscribe(transport, { queue, prefetch: 1 });
    const delivery = await inbox.next();
    assert.deepEqual([delivery.redelivered, delivery.reject({ requeue: true })], [false, true]);
    const again = await inbox.next();
    assert.deepEqual([textOf(again), again.redelivered, again.deliveryCount], ["1", true, null]);
  }),

  transportCase("a quorum queue counts how often it has delivered", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, { "x-queue-type": "quorum" });
    await publishTexts(transport, queue, ["1"]);
    const inbox = await scene.subscribe(transport, { queue, prefetch: 1 });
    for (const expected of [1, 2]) {
      (await inbox.next()).reject({ requeue: true });
      const again = await inbox.next();
      assert.deepEqual([again.deliveryCount, again.message.headers["x-delivery-count"]], [expected, expected]);
      inbox.add(again);
    }
  }),

  transportCase("a rejected message goes to the dead-letter exchange, with its story", async (scene) => {
    const transport = await scene.connect();
    const dead = await scene.queue(transport);
    const table = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead };
    const queue = await scene.queue(transport, table);
    await publishTexts(transport, queue, ["poison"]);
    (await (await scene.subscribe(transport, { queue })).next()).reject({ requeue: false });
    const { message } = await (await scene.subscribe(transport, { queue: dead })).next();
    const [death] = message.headers["x-death"] as readonly Record<string, unknown>[];
    const { count, reason, queue: from, exchange, time } = death ?? {};
    assert.deepEqual({ count, reason, from, exchange }, { count: 1, reason: "rejected", from: queue, exchange: "" });
    assert.ok(time instanceof Date);
    assert.equal(message.headers["x-first-death-queue"], queue);
  }),

  transportCase("an expired message goes to the dead-letter exchange without its expiration", async (scene) => {
    const transport = await scene.connect();
    const dead = await scene.queue(transport);
    const table = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead };
    const queue = await scene.queue(transport, table);
    const message = { headers: {}, properties: { expirationMs: 1 }, body: Uint8Array.of(1) };
    await transport.publisher.publish(message, { exchange: "", routingKey: queue });
    const { message: late } = await (await scene.subscribe(transport, { queue: dead })).next();
    assert.equal(late.properties.expirationMs, undefined);
    assert.equal(late.headers["x-first-death-reason"], "expired");
  }),

  transportCase("with `noAck` deliveries are settled when sent", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2"]);
    const [delivery] = await (await scene.subscribe(transport, { queue, prefetch: 1, noAck: true })).take(2);
    assert.equal(delivery?.ack(), false);
    await transport.close();
    const other = await scene.connect();
    assert.equal((await other.inspectQueue(queue))?.messageCount, 0);
  }),

  transportCase("after `cancel` nothing more comes, and what came may still be settled", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2"]);
    const inbox = await scene.subscribe(transport, { queue, prefetch: 1 });
    const delivery = await inbox.next();
    await inbox.cancel();
    await inbox.cancel();
    assert.equal(inbox.subscription?.isConsuming, false);
    assert.equal(delivery.ack(), true);
    const other = await scene.subscribe(transport, { queue });
    assert.equal(textOf(await other.next()), "2");
    assert.equal(inbox.size, 0);
  }),

  transportCase("consumers of one queue share its messages", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const inboxes = [
      await scene.subscribe(transport, { queue, prefetch: 1 }),
      await scene.subscribe(transport, { queue, prefetch: 1 }),
    ];
    await publishTexts(transport, queue, ["1", "2"]);
    const texts = await Promise.all(inboxes.map(async (inbox) => textOf(await inbox.next())));
    assert.deepEqual(texts.toSorted(), ["1", "2"]);
  }),

  transportCase("an exclusive consumer is alone", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await scene.subscribe(transport, { queue, exclusive: true });
    await rejectsWith("access-refused", scene.subscribe(transport, { queue }));
  }),

  transportCase("a consumer with a higher x-priority is served first", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const low = await scene.subscribe(transport, { queue, prefetch: 1 });
    const high = await scene.subscribe(transport, { queue, prefetch: 2, arguments: { "x-priority": 5 } });
    await publishTexts(transport, queue, ["1", "2", "3"]);
    assert.deepEqual((await high.take(2)).map(textOf), ["1", "2"]);
    assert.equal(textOf(await low.next()), "3");
  }),

  transportCase("a priority queue hands out the most urgent message first", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, { "x-max-priority": 9 });
    for (const priority of [0, 9, 5]) {
      const message = { headers: {}, properties: { priority }, body: Uint8Array.of(priority) };
      await transport.publisher.publish(message, { exchange: "", routingKey: queue });
    }
    const deliveries = await (await scene.subscribe(transport, { queue })).take(3);
    assert.deepEqual(
      deliveries.map(({ message }) => message.body[0]),
      [9, 5, 0],
    );
  }),

  transportCase("a callback that fails harms no other delivery", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    await transport.subscribe({ queue, prefetch: 0 }, (delivery) => {
      seen.push(textOf(delivery));
      if (seen.length === 3) done.resolve();
      if (seen.length === 1) throw new Error("a bug in the callback");
      return Promise.reject(new Error("another")) as unknown as void;
    });
    await publishTexts(transport, queue, ["1", "2", "3"]);
    await done.promise;
    assert.deepEqual(seen, ["1", "2", "3"]);
  }),

  transportCase("a queue that does not exist cannot be consumed", async (scene) => {
    const transport = await scene.connect();
    await rejectsWith("not-found", scene.subscribe(transport, { queue: scene.name() }));
  }),

  transportCase("the queues and bindings of a subscription are declared first", async (scene) => {
    const transport = await scene.connect();
    const queue = scene.name();
    const inbox = await scene.subscribe(transport, { queue, topology: queueOnly(queue) });
    await publishTexts(transport, queue, ["1"]);
    assert.equal(textOf(await inbox.next()), "1");
    await inbox.cancel();
    await transport.deleteQueue(queue);
  }),

  transportCase(
    "a message waits out its queues' times to live, and moves on by exchanges bound to exchanges",
    async (scene) => {
      const transport = await scene.connect();
      const [first, second, end] = [scene.name(), scene.name(), await scene.queue(transport)];
      const late = await scene.queue(transport, agingTo(second, 200));
      const later = await scene.queue(transport, agingTo(second, 300));
      await transport.declare({
        exchanges: [topicExchange(first), topicExchange(second)],
        queues: [],
        bindings: [
          { source: second, destination: end, destinationType: "queue", routingKey: "*.*.end" },
          { source: first, destination: late, destinationType: "queue", routingKey: "0.1.#" },
          { source: first, destination: later, destinationType: "queue", routingKey: "1.0.#" },
          { source: first, destination: second, destinationType: "exchange", routingKey: "0.0.#" },
        ],
      });
      const inbox = await scene.subscribe(transport, { queue: end });
      for (const key of ["1.0.end", "0.1.end", "0.0.end"]) {
        await transport.publisher.publish(textMessage(key), { exchange: first, routingKey: key });
      }
      const came = await inbox.take(3);
      assert.deepEqual(came.map(textOf), ["0.0.end", "0.1.end", "1.0.end"]);
      assert.deepEqual(
        came.map(({ address }) => address),
        [first, second, second].map((exchange, n) => ({ exchange, routingKey: ["0.0.end", "0.1.end", "1.0.end"][n] })),
      );
      for (const delivery of came) delivery.ack();
    },
  ),
];

function topicExchange(name: string): ExchangeDeclaration {
  return { name, type: "topic", durable: true, autoDelete: true };
}

/** Arguments of a queue whose messages go to `exchange` after `ms`. */
function agingTo(exchange: string, ms: number): HeaderTable {
  return { "x-message-ttl": ms, "x-dead-letter-exchange": exchange };
}
