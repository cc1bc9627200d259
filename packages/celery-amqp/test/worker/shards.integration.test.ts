import { describe, expect, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { defineTask, shardedQueue } from "../../src/index.ts";
import { createQueueLab } from "../support/queue-lab.ts";
import { eventually } from "@leveret/test-support/eventually";

// One queue of tasks over several of the broker.

const kinds = [{}, { type: "quorum" }] as const;

describe.each(brokersAtHand())("sharded queues on RabbitMQ (%s)", (broker) => {
  const lab = createQueueLab(broker);

  describe.each(kinds)("of kind %j", (kind) => {
    test("send one key to one shard, and take turns without", async () => {
      const images = shardedQueue(lab.queueName(), 4, kind);
      const shards: string[] = [];
      const note = defineTask("it.note", (context, _key: string) => {
        shards.push(context.message.deliveryInfo?.routingKey ?? "");
      });
      await lab.worker({ tasks: [note], queues: [images] }).start();
      const client = lab.client([images], { routes: { "it.*": images.name } });
      for (let round = 0; round < 5; round += 1) await client.call(note.with({ shardKey: "user-1" }), "user-1");
      expect(new Set(shards)).toEqual(new Set([`${images.name}.shard-1`]));
      shards.length = 0;
      for (let round = 0; round < 8; round += 1) await client.call(note, "");
      expect(new Set(shards).size).toBe(4);
    });

    test("are known to routes alone, by a key made of the arguments", async () => {
      const queue = lab.queueName();
      const seen = new Set<string>();
      const note = defineTask("it.note", (context, user: string) => {
        seen.add(`${user} ${context.message.deliveryInfo?.routingKey}`);
      });
      await lab.worker({ tasks: [note], queues: [shardedQueue(queue, 3, kind)] }).start();
      const shardBy = ({ args }: { readonly args: readonly unknown[] }) => String(args[0]);
      const declare = "passive";
      const client = lab.client([], { declare, routes: { "it.*": { queue, shards: 3, shardBy } } });
      const users = ["ada", "bob", "cleo", "dan", "eve", "fay"];
      for (const user of [...users, ...users]) await client.call(note, user);
      expect(seen.size).toBe(users.length); // each had one shard
      expect(new Set([...seen].map((each) => each.split(" ")[1])).size).toBeGreaterThan(1);
    });

    test("get their retries back, and what handlers send", async () => {
      const images = shardedQueue(lab.queueName(), 4, kind);
      const shards: string[] = [];
      const child = defineTask("it.child", (context) => {
        shards.push(context.message.deliveryInfo?.routingKey ?? "");
      });
      const flaky = defineTask("it.flaky", async (context) => {
        shards.push(context.message.deliveryInfo?.routingKey ?? "");
        if (context.attempt < 3) context.retry({ in: 0 });
        await context.client.send(child.with({ shardKey: "user-1" }));
      });
      const routes = { "it.*": images.name };
      await lab.worker({ tasks: [flaky, child], queues: [images], routes }).start();
      await lab.client([images], { routes }).call(flaky.with({ shardKey: "🐇" }));
      await eventually("all ran", () => shards.length === 4);
      const [first, other] = [`${images.name}.shard-2`, `${images.name}.shard-1`];
      expect(shards).toEqual([first, first, first, other]);
    });

    test("have their own way with callbacks", async () => {
      const images = shardedQueue(lab.queueName(), 2, kind);
      const plain = lab.queueName();
      const told = new Map<number, string>();
      const add = defineTask("it.add", (_context, x: number, y: number) => x + y);
      const tell = defineTask("it.tell", (context, sum: number) => {
        told.set(sum, context.message.deliveryInfo?.routingKey ?? "");
      });
      const routes = { "it.tell": images.name };
      await lab.worker({ tasks: [add, tell], queues: [plain, images], routes }).start();
      const client = lab.client([images], { defaultQueue: plain });
      await client.send(add.with({ link: tell.s() }), 2, 3);
      await client.send(add.with({ link: tell.s().with({ queue: images.name }) }), 4, 5);
      await eventually("both ran", () => told.size === 2);
      for (const sum of [5, 9]) expect(told.get(sum)).toMatch(/\.shard-[01]$/);
    });

    test("share one dead queue", async () => {
      const images = shardedQueue(lab.queueName(), 2, kind);
      await lab.worker({ tasks: [], queues: [images] }).start();
      const client = lab.client([images], { defaultQueue: images.name });
      for (let sent = 0; sent < 4; sent += 1) await client.sendByName("it.unknown");
      const dead = `${images.name}.dead`;
      await eventually("all are kept", async () => (await lab.inspect(dead)).messageCount === 4);
      expect(await lab.outside.inspectQueue(`${images.name}.shard-0.dead`)).toBeNull();
    });

    test("are served alike, and hold no more than one queue would", async () => {
      const images = shardedQueue(lab.queueName(), 4, { ...kind, concurrency: 8 });
      const gate = Promise.withResolvers<void>();
      const wait = defineTask("it.wait", () => gate.promise);
      const client = lab.client([images], { defaultQueue: images.name });
      const results = await client.sendMany(Array.from({ length: 80 }, () => wait.s()));
      const worker = lab.worker({ tasks: [wait], queues: [images] });
      await worker.start();
      await eventually("its slots are taken", () => worker.health.active === 8);
      const waiting = await Promise.all([0, 1, 2, 3].map((shard) => lab.inspect(`${images.name}.shard-${shard}`)));
      expect(waiting.map(({ messageCount }) => messageCount)).toEqual([18, 18, 18, 18]);
      gate.resolve();
      await Promise.all(results.map((result) => result.get({ timeout: "150s" })));
    });

    test("lose nothing when they become more, and when they become fewer", async () => {
      const name = lab.queueName();
      const runs = new Map<number, number>();
      const count = defineTask("it.count", (_context, n: number) => void runs.set(n, (runs.get(n) ?? 0) + 1));
      const [few, many] = [shardedQueue(name, 2, kind), shardedQueue(name, 4, kind)];
      const send = async (queue: typeof few, from: number): Promise<void> => {
        const client = lab.client([queue], { defaultQueue: name, results: false });
        const calls = Array.from({ length: 100 }, (_, n) => count.s(from + n).with({ shardKey: `key-${n}` }));
        await client.sendMany(calls);
      };
      const lines: string[] = [];
      const note = (message: string): void => void lines.push(message);
      const logger = { debug: note, info: note, warn: note, error: note };
      const serve = async (queue: typeof few) => {
        const worker = lab.worker({ tasks: [count], queues: [queue], results: false, logger, logLevel: "info" });
        await worker.start();
        return worker;
      };
      await send(few, 0);
      const grown = await serve(many); // workers first, then those who send
      await send(many, 100);
      await eventually("all ran", () => runs.size === 200);
      await grown.stop();

      await send(many, 200);
      await send(few, 300); // those who send first, then workers, which serve the former shards too
      const shrunk = await serve(shardedQueue(name, 2, { ...kind, formerShards: 4 }));
      await eventually("all ran", () => runs.size === 400);
      expect([...runs.values()].every((times) => times === 1)).toBe(true);

      await lab.outside.deleteQueue(`${name}.shard-3`);
      await eventually("it is let go", () => lines.includes("a former shard is gone, it is not served any longer"));
      expect(shrunk.health.isReady).toBe(true);
      expect(await lab.outside.inspectQueue(`${name}.shard-3`)).toBeNull();
      await shrunk.stop();
      await lab.outside.deleteQueue(`${name}.shard-2`);
      const last = await serve(shardedQueue(name, 2, { ...kind, formerShards: 4 })); // none is left, and that is no error
      await send(few, 400);
      await eventually("all ran", () => runs.size === 500);
      expect(last.health.isReady).toBe(true);
      expect(await lab.outside.inspectQueue(`${name}.shard-2`)).toBeNull();
    });
  });

  test("of both kinds are not mixed up", async () => {
    const name = lab.queueName();
    await lab.worker({ tasks: [], queues: [shardedQueue(name, 2)] }).start();
    const quorum = lab.worker({ tasks: [], queues: [shardedQueue(name, 2, { type: "quorum" })] });
    await expect(quorum.start()).rejects.toMatchObject({ code: "queue-mismatch" });
  });
});
