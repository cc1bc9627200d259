import assert from "node:assert/strict";
import { UnroutableError } from "../../ports/errors.ts";
import { publishTexts, rejectsWith, textMessage, textOf, transportCase, type TransportCase } from "./scene.ts";

/** What `publish` promises. */
export const publishingCases: readonly TransportCase[] = [
  transportCase("a message arrives with the headers, properties and body it was sent with", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const headers = {
      text: "Grüße",
      whole: -70_000,
      large: 2 ** 40,
      fraction: 1.5,
      yes: true,
      nothing: null,
      list: [1, "two", null, [3], { four: 4 }],
      table: { inner: { deep: "x" }, "!": "no type" },
      time: new Date(Date.UTC(2026, 1, 3, 4, 5, 6)),
    };
    const properties = {
      contentType: "application/json",
      contentEncoding: "utf-8",
      correlationId: "c",
      replyTo: "r",
      priority: 3,
      persistent: true,
      expirationMs: 60_000,
      messageId: "m",
      type: "t",
      appId: "a",
      timestampSeconds: 1_767_225_600,
    };
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    await transport.publisher.publish({ headers, properties, body }, { exchange: "", routingKey: queue });
    const { message, address, redelivered } = await (await scene.subscribe(transport, { queue })).next();
    assert.deepEqual(message.headers, headers);
    assert.deepEqual(definedOf(message.properties), properties);
    assert.deepEqual(Uint8Array.from(message.body), body);
    assert.deepEqual({ ...address, redelivered }, { exchange: "", routingKey: queue, redelivered: false });
  }),

  transportCase("bytes in a header stay bytes, and what is undefined is left out", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const headers = { bytes: Uint8Array.of(0, 255), absent: undefined };
    const message = { headers, properties: {}, body: new Uint8Array() };
    await transport.publisher.publish(message, { exchange: "", routingKey: queue });
    const received = await (await scene.subscribe(transport, { queue })).next();
    assert.deepEqual(Object.keys(received.message.headers), ["bytes"]);
    assert.deepEqual(Uint8Array.from(received.message.headers["bytes"] as Uint8Array), Uint8Array.of(0, 255));
    assert.equal(received.message.body.byteLength, 0);
  }),

  transportCase("messages of one sender arrive in the order of the calls", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const texts = Array.from({ length: 2500 }, (_, index) => String(index));
    await publishTexts(transport, queue, texts);
    const deliveries = await (await scene.subscribe(transport, { queue })).take(texts.length);
    assert.deepEqual(deliveries.map(textOf), texts);
  }),

  transportCase("a body of a megabyte arrives whole", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const text = "0123456789abcdef".repeat(65_536);
    await publishTexts(transport, queue, [text]);
    assert.equal(textOf(await (await scene.subscribe(transport, { queue })).next()), text);
  }),

  transportCase("a message that no queue takes is refused as unroutable, with its address", async (scene) => {
    const transport = await scene.connect();
    const routingKey = scene.name();
    const error = await rejectsWith(
      "unroutable",
      transport.publisher.publish(textMessage("x"), { exchange: "", routingKey }),
    );
    assert.ok(error instanceof UnroutableError);
    assert.deepEqual([error.exchange, error.routingKey], ["", routingKey]);
  }),

  transportCase("an unroutable message in a burst is distinguished from its neighbours", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const nowhere = scene.name();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) => {
        const routingKey = index % 3 === 0 ? nowhere : queue;
        return transport.publisher.publish(textMessage("same"), { exchange: "", routingKey });
      }),
    );
    const refused = outcomes.flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
    assert.deepEqual(
      refused,
      Array.from({ length: 20 }, (_, index) => index * 3),
    );
  }),

  transportCase("without `mandatory` a message may vanish", async (scene) => {
    const transport = await scene.connect();
    const to = { exchange: "", routingKey: scene.name() };
    await transport.publisher.publish(textMessage("x"), to, { mandatory: false });
  }),

  transportCase("a missing exchange fails its own messages, and no other", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const publish = (exchange: string, text: string) =>
      transport.publisher.publish(textMessage(text), { exchange, routingKey: queue });
    const before = publish("", "before");
    const wrong = publish(scene.name(), "wrong");
    const after = publish("", "after");
    await rejectsWith("not-found", wrong);
    await Promise.all([before, after]);
    const inbox = await scene.subscribe(transport, { queue });
    const texts = new Set([textOf(await inbox.next()), textOf(await inbox.next())]);
    // At least once: what came before may have been sent again.
    if (!texts.has("after")) texts.add(textOf(await inbox.next()));
    assert.deepEqual(texts, new Set(["before", "after"]));
  }),

  transportCase("a full queue that refuses makes the publish fail as nacked", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, { "x-max-length": 1, "x-overflow": "reject-publish" });
    await publishTexts(transport, queue, ["fits"]);
    await rejectsWith("publish-nacked", publishTexts(transport, queue, ["too much"]));
  }),

  transportCase("a header that no table can carry fails that one publish", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const message = { headers: { wrong: () => {} }, properties: {}, body: new Uint8Array() };
    await rejectsWith("encode-failed", transport.publisher.publish(message, { exchange: "", routingKey: queue }));
    await publishTexts(transport, queue, ["fine"]);
  }),
];

function definedOf(properties: object): object {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
