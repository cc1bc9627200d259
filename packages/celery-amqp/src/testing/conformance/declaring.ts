import assert from "node:assert/strict";
import type { BindingDeclaration, ExchangeDeclaration } from "@leveret/celery-protocol/routing";
import type { Transport } from "../../ports/transport.ts";
import { publishTexts, queueOnly, rejectsWith, type Scene, textMessage, textOf, transportCase } from "./scene.ts";
import type { TransportCase } from "./scene.ts";

/** What `declare` and its like promise. */
export const declaringCases: readonly TransportCase[] = [
  transportCase("declaring twice the same is once", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, { "x-max-length": 5 });
    await transport.declare(queueOnly(queue, { "x-max-length": 5 }));
    await transport.declare(queueOnly(queue), "passive");
  }),

  transportCase("other arguments are refused by name, and consumers are not affected", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, { "x-max-length": 5 });
    const inbox = await scene.subscribe(transport, { queue });
    const error = await rejectsWith("queue-mismatch", transport.declare(queueOnly(queue, { "x-max-length": 6 })));
    assert.match(error.message, /x-max-length/);
    await publishTexts(transport, queue, ["still here"]);
    assert.equal(textOf(await inbox.next()), "still here");
  }),

  transportCase("a queue that is asked for without arguments is taken as it is", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, { "x-queue-type": "quorum" });
    await transport.declare(queueOnly(queue));
    await publishTexts(transport, queue, ["1"]);
  }),

  transportCase("other flags are refused even so", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const asked = { name: queue, durable: false, autoDelete: false, exclusive: false };
    await rejectsWith("queue-mismatch", transport.declare({ exchanges: [], queues: [asked], bindings: [] }));
  }),

  transportCase("a passive declare of a missing queue or exchange is not found", async (scene) => {
    const transport = await scene.connect();
    await rejectsWith("not-found", transport.declare(queueOnly(scene.name()), "passive"));
  }),

  transportCase("a queue can be inspected and deleted, a missing one too", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await publishTexts(transport, queue, ["1", "2"]);
    assert.deepEqual(await transport.inspectQueue(queue), { name: queue, messageCount: 2, consumerCount: 0 });
    await transport.deleteQueue(queue);
    assert.equal(await transport.inspectQueue(queue), null);
    await transport.deleteQueue(queue);
  }),

  transportCase("a queue can be purged: ready messages are deleted, unacked ones stay", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const inbox = await scene.subscribe(transport, { queue, prefetch: 1 });
    await publishTexts(transport, queue, ["held", "1", "2"]);
    const held = await inbox.next();
    assert.equal(await transport.purgeQueue(queue), 2);
    assert.equal(held.ack(), true);
    assert.equal(await transport.purgeQueue(queue), 0);
    assert.equal(await transport.purgeQueue(scene.name()), 0);
  }),

  transportCase("an exclusive queue is its connection's own, and goes with it", async (scene) => {
    const [owner, other] = [await scene.connect(), await scene.connect()];
    const name = scene.name();
    const queue = { name, durable: false, autoDelete: false, exclusive: true };
    await owner.declare({ exchanges: [], queues: [queue], bindings: [] });
    await rejectsWith("access-refused", scene.subscribe(other, { queue: name }));
    await owner.close();
    assert.equal(await other.inspectQueue(name), null);
  }),

  transportCase("an auto-delete queue goes with its last consumer", async (scene) => {
    const transport = await scene.connect();
    const name = scene.name();
    const queue = { name, durable: false, autoDelete: true, exclusive: false };
    const topology = { exchanges: [], queues: [queue], bindings: [] };
    const inbox = await scene.subscribe(transport, { queue: name, topology });
    await inbox.cancel();
    assert.equal(await transport.inspectQueue(name), null);
  }),

  transportCase("direct, topic and fanout exchanges route by their rules", async (scene) => {
    const transport = await scene.connect();
    const routes: readonly (readonly [ExchangeDeclaration["type"], string, string, boolean])[] = [
      ["direct", "a.b", "a.b", true],
      ["direct", "a.b", "a.c", false],
      ["fanout", "", "anything", true],
      ["topic", "a.*", "a.b", true],
      ["topic", "a.*", "a.b.c", false],
      ["topic", "a.#", "a.b.c", true],
      ["topic", "a.#", "a", true],
      ["topic", "*.b", "b", false],
      ["topic", "#", "", true],
    ];
    for (const [type, bindingKey, routingKey, routed] of routes) {
      const { exchange } = await bound(scene, transport, type, bindingKey);
      const sent = transport.publisher.publish(textMessage("x"), { exchange, routingKey });
      await (routed ? sent : rejectsWith("unroutable", sent));
    }
  }),

  transportCase("a headers exchange routes by the binding's arguments", async (scene) => {
    const transport = await scene.connect();
    const table = { "x-match": "all", colour: "red", size: 2 };
    const { exchange } = await bound(scene, transport, "headers", "", table);
    const publish = (headers: Record<string, unknown>) =>
      transport.publisher.publish({ ...textMessage("x"), headers }, { exchange, routingKey: "" });
    await publish({ colour: "red", size: 2, more: true });
    await rejectsWith("unroutable", publish({ colour: "red" }));
  }),

  transportCase("an exchange can be bound to another", async (scene) => {
    const transport = await scene.connect();
    const inner = await bound(scene, transport, "fanout", "");
    const outer = fresh(scene, "direct");
    const binding: BindingDeclaration = {
      source: outer.name,
      destination: inner.exchange,
      destinationType: "exchange",
      routingKey: "k",
    };
    await transport.declare({ exchanges: [outer], queues: [], bindings: [binding] });
    await transport.publisher.publish(textMessage("x"), { exchange: outer.name, routingKey: "k" });
    const delivery = await (await scene.subscribe(transport, { queue: inner.queue })).next();
    assert.deepEqual(delivery.address, { exchange: outer.name, routingKey: "k" });
  }),
];

/** An exchange that goes when its last binding does. */
function fresh(scene: Scene, type: ExchangeDeclaration["type"]): ExchangeDeclaration {
  return { name: scene.name(), type, durable: false, autoDelete: true };
}

/** A new exchange with a new queue bound to it. */
async function bound(
  scene: Scene,
  transport: Transport,
  type: ExchangeDeclaration["type"],
  routingKey: string,
  table?: BindingDeclaration["arguments"],
): Promise<{ readonly exchange: string; readonly queue: string }> {
  const exchange = fresh(scene, type);
  const queue = await scene.queue(transport);
  const binding: BindingDeclaration = {
    source: exchange.name,
    destination: queue,
    destinationType: "queue",
    routingKey,
    arguments: table,
  };
  await transport.declare({ exchanges: [exchange], queues: [], bindings: [binding] });
  return { exchange: exchange.name, queue };
}
