import assert from "node:assert/strict";
import type { WireMessage } from "@leveret/celery-protocol";
import type { Transport } from "../../ports/transport.ts";
import { type Scene, textMessage, textOf, transportCase, type TransportCase } from "./scene.ts";

const many = 300;

/** What `browse` promises. */
export const browsingCases: readonly TransportCase[] = [
  transportCase("a queue can be read as it is: all stays, in its order", async (scene) => {
    const transport = await scene.connect();
    const queue = await readable(scene, transport);
    await publishNumbered(transport, queue, 0, many);
    const ids = [`${many - 1}`];
    const first = await transport.browse({ queue, messageIds: ids });
    assert.deepEqual(textsOf(first), numbers(many));
    assert.deepEqual(textsOf(await transport.browse({ queue, messageIds: ids })), numbers(many));
    const inbox = await scene.subscribe(transport, { queue });
    const deliveries = await inbox.take(many);
    assert.deepEqual(deliveries.map(textOf), numbers(many));
  }),

  transportCase("readers take turns, and each sees all from the head", async (scene) => {
    const [one, two] = [await scene.connect(), await scene.connect()];
    const queue = await readable(scene, one);
    await publishNumbered(one, queue, 0, many);
    const readers = Array.from({ length: 8 }, (_, index) => {
      const transport = index % 2 === 0 ? one : two;
      return transport.browse({ queue, messageIds: [`${many + index}`], count: many + 1 });
    });
    await publishNumbered(two, queue, many, many + 8);
    for (const read of await Promise.all(readers)) {
      const texts = textsOf(read);
      assert.deepEqual(texts, numbers(texts.length));
      assert.ok(texts.length > many, `${texts.length} messages were read`);
    }
  }),

  transportCase("a reader waits for the messages it wants, and gets them when they come", async (scene) => {
    const transport = await scene.connect();
    const queue = await readable(scene, transport);
    const read = transport.browse({ queue, messageIds: ["1"] });
    await publishNumbered(transport, queue, 0, 2);
    assert.deepEqual(textsOf(await read), ["0", "1"]);
  }),

  transportCase("a reader that wants no message reads none, and learns whether the queue exists", async (scene) => {
    const transport = await scene.connect();
    const queue = await readable(scene, transport);
    assert.deepEqual(await transport.browse({ queue, messageIds: [] }), []);
    assert.equal(await transport.browse({ queue: scene.name(), messageIds: [] }), null);
  }),

  transportCase("a queue that is deleted has nothing more for its readers", async (scene) => {
    const transport = await scene.connect();
    const queue = await readable(scene, transport);
    await publishNumbered(transport, queue, 0, 1);
    const reads = [1, 2].map(() => transport.browse({ queue, messageIds: ["never"] }));
    await transport.deleteQueue(queue);
    assert.deepEqual(await Promise.all(reads), [null, null]);
  }),
];

function readable(scene: Scene, transport: Transport): Promise<string> {
  return scene.queue(transport, { "x-single-active-consumer": true });
}

/** Each has its number for its id. */
async function publishNumbered(transport: Transport, queue: string, from: number, to: number): Promise<void> {
  for (const messageId of numbers(to).slice(from)) {
    await transport.publisher.publish(textMessage(messageId, { messageId }), { exchange: "", routingKey: queue });
  }
}

function numbers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

function textsOf(messages: readonly WireMessage[] | null): readonly string[] {
  return (messages ?? []).map(({ body }) => new TextDecoder().decode(body));
}
