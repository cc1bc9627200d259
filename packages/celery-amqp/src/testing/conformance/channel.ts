import assert from "node:assert/strict";
import { rejectsWith, textMessage, textOf, transportCase, type TransportCase } from "./scene.ts";

const leading = { "x-queue-type": "quorum", "x-single-active-consumer": true };

/** The promises of a delivery's `publish`, and of a cancel that requeues. */
export const channelCases: readonly TransportCase[] = [
  transportCase("a delivery publishes to each of two queues by one publish, settled or not", async (scene) => {
    const transport = await scene.connect();
    const [own, other] = [await scene.queue(transport, leading), await scene.queue(transport)];
    const inbox = await scene.subscribe(transport, { queue: own, publishes: true });
    await transport.publisher.publish(textMessage("first"), { exchange: "", routingKey: own });
    const first = await inbox.next();
    const copied = { ...textMessage("both"), headers: { BCC: [own], kept: "yes" } };
    await first.publish(copied, { exchange: "", routingKey: other });
    const came = [await inbox.next(), await (await scene.subscribe(transport, { queue: other })).next()];
    assert.deepEqual(came.map(textOf), ["both", "both"]);
    assert.deepEqual(
      came.map(({ message }) => message.headers),
      [{ kept: "yes" }, { kept: "yes" }],
    );
    assert.equal(first.ack(), true);
    await first.publish(textMessage("later"), { exchange: "", routingKey: own });
    assert.equal(textOf(await inbox.next()), "later");
  }),

  transportCase(
    "a publish bound to a delivery fails with its reason, and on a closed channel forever",
    async (scene) => {
      const transport = await scene.connect();
      const queue = await scene.queue(transport);
      const inbox = await scene.subscribe(transport, { queue, publishes: true });
      const to = { exchange: "", routingKey: queue };
      await transport.publisher.publish(textMessage("first"), to);
      const first = await inbox.next();
      await rejectsWith(
        "unroutable",
        first.publish(textMessage("nowhere"), { exchange: "", routingKey: scene.name() }),
      );
      const full = await scene.queue(transport, { "x-max-length": 0, "x-overflow": "reject-publish" });
      await rejectsWith("publish-nacked", first.publish(textMessage("no"), { exchange: "", routingKey: full }));
      await scene.drop();
      const again = await inbox.next();
      assert.equal(again.redelivered, true);
      await rejectsWith("connection-lost", first.publish(textMessage("late"), to));
      await again.publish(textMessage("fine"), to);
      assert.equal(textOf(await inbox.next()), "fine");
      const other = await scene.queue(transport);
      const silent = await scene.subscribe(transport, { queue: other });
      await transport.publisher.publish(textMessage("x"), { exchange: "", routingKey: other });
      await rejectsWith("option-invalid", (await silent.next()).publish(textMessage("x"), to));
    },
  ),

  transportCase("the deliveries of a closed channel go to the next consumer at once", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport, leading);
    const [first, second] = [await scene.subscribe(transport, { queue }), await scene.subscribe(transport, { queue })];
    for (const text of ["1", "2", "3"])
      await transport.publisher.publish(textMessage(text), { exchange: "", routingKey: queue });
    const held = await first.take(3);
    assert.equal(held[1]?.ack(), true);
    await first.subscription?.cancel({ giveBack: true });
    assert.deepEqual((await second.take(2)).map(textOf), ["1", "3"]);
    assert.equal(held[0]?.ack(), false);
  }),
];
