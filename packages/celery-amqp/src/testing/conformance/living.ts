import assert from "node:assert/strict";
import type { TransportState } from "../../ports/transport.ts";
import { waitAtMost } from "./inbox.ts";
import { publishTexts, queueOnly, rejectsWith, textOf, transportCase, type TransportCase } from "./scene.ts";

function fail(): never {
  throw new Error("a bug in a listener");
}

/** What a transport promises from its first connect to its close, losses included. */
export const livingCases: readonly TransportCase[] = [
  transportCase("a transport reports its states", async (scene) => {
    const transport = scene.create();
    const states: TransportState[] = [transport.state];
    const stop = transport.onState((state) => states.push(state));
    await transport.connect();
    await transport.connect();
    await transport.close();
    await transport.close();
    stop();
    assert.deepEqual(states, ["idle", "connecting", "open", "closing", "closed"]);
  }),

  transportCase("a publish before the connection is there waits for it", async (scene) => {
    const queue = await scene.queue(await scene.connect());
    const transport = scene.create();
    const sent = publishTexts(transport, queue, ["early"]);
    await transport.connect();
    await sent;
  }),

  transportCase("a closed transport refuses every call", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    await transport.close();
    await rejectsWith("closed", publishTexts(transport, queue, ["late"]));
    await rejectsWith("closed", transport.declare(queueOnly(queue)));
    await rejectsWith(
      "closed",
      transport.subscribe({ queue, prefetch: 0 }, () => {}),
    );
    await rejectsWith("closed", transport.connect());
  }),

  transportCase("`close` lets what is in flight finish", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const texts = Array.from({ length: 1500 }, (_, index) => String(index));
    const sent = publishTexts(transport, queue, texts);
    await Promise.all([transport.close(), sent]);
    const other = await scene.connect();
    assert.equal((await other.inspectQueue(queue))?.messageCount, texts.length);
  }),

  transportCase("`close` lets go even what waits for a connection that is just coming", async (scene) => {
    const queue = await scene.queue(await scene.connect());
    const transport = scene.create();
    const connected = transport.connect();
    const sent = publishTexts(transport, queue, ["early"]);
    await connected;
    await Promise.all([transport.close(), sent]);
  }),

  transportCase("after a loss consuming continues, and an old delivery cannot be settled", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const events: string[] = [];
    const onLost = () => events.push("lost");
    const onRestored = () => events.push("restored");
    const inbox = await scene.subscribe(transport, { queue, onLost, onRestored });
    await publishTexts(transport, queue, ["1"]);
    const before = await inbox.next();
    await scene.drop();
    const after = await inbox.next();
    assert.deepEqual([textOf(after), after.redelivered], ["1", true]);
    assert.deepEqual([before.ack(), after.ack()], [false, true]);
    await publishTexts(transport, queue, ["2"]);
    assert.equal(textOf(await inbox.next()), "2");
    assert.deepEqual(events, ["lost", "restored"]);
    assert.equal(inbox.subscription?.isConsuming, true);
  }),

  transportCase("listeners that fail harm nothing", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    transport.onState(fail);
    const inbox = await scene.subscribe(transport, { queue, onLost: fail, onRestored: fail });
    await scene.drop();
    await publishTexts(transport, queue, ["1"]);
    assert.equal(textOf(await inbox.next()), "1");
  }),

  transportCase("every publish around a loss settles, and each confirmed one has arrived", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const texts = Array.from({ length: 900 }, (_, index) => String(index));
    const first = publishTexts(transport, queue, texts.slice(0, 300));
    await scene.drop();
    const second = publishTexts(transport, queue, texts.slice(300));
    await Promise.all([first, second]);
    const inbox = await scene.subscribe(transport, { queue });
    const missing = new Set(texts);
    while (missing.size > 0) missing.delete(textOf(await inbox.next()));
  }),

  transportCase("a queue that is deleted under its consumer is declared and consumed again", async (scene) => {
    const transport = await scene.connect();
    const queue = await scene.queue(transport);
    const restored = Promise.withResolvers<void>();
    const inbox = await scene.subscribe(transport, {
      queue,
      topology: queueOnly(queue),
      onRestored: () => restored.resolve(),
    });
    await transport.deleteQueue(queue);
    await waitAtMost(10_000, "the consumer to come back", (wake) => void restored.promise.then(wake));
    await publishTexts(transport, queue, ["anew"]);
    assert.equal(textOf(await inbox.next()), "anew");
  }),
];
