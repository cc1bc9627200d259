import { describe, expect, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { CeleryError, defineTask, type QueueOptions } from "../../src/index.ts";
import type { Logger } from "../../src/ports/logger.ts";
import { createQueueLab } from "../support/queue-lab.ts";
import { eventually } from "@leveret/test-support/eventually";

// Kinds of queues, who is served first, and what happens where someone else has declared them otherwise.

const kinds = [{}, { type: "quorum" }] as const;

/** Tasks that wait until the test opens the gate. */
function gated(name: string) {
  const gate = Promise.withResolvers<void>();
  const begun: number[] = [];
  const task = defineTask(name, async (_context, n: number) => {
    begun.push(n);
    await gate.promise;
    return n;
  });
  return { task, begun, open: () => gate.resolve() };
}

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  const lab = createQueueLab(broker);

  describe("a queue that others declared otherwise", () => {
    function logged(): { readonly lines: string[]; readonly logger: Logger } {
      const lines: string[] = [];
      const note = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
      return { lines, logger: { debug: note, info: note, warn: note, error: note } };
    }

    const mismatches: readonly [Omit<QueueOptions, "name">, Omit<QueueOptions, "name">, RegExp][] = [
      [{ maxPriority: 3 }, { maxPriority: 5 }, /x-max-priority.*existing: '?3'?, declared: '?5'?/],
      [{ type: "quorum" }, { type: "classic" }, /x-queue-type.*existing: 'quorum', declared: 'classic'/],
      [{}, { type: "quorum" }, /x-queue-type.*existing: (none|'classic'), declared: .*'quorum'/],
      [{}, { singleActiveConsumer: true }, /x-single-active-consumer.*existing: none, declared: .*'true'/],
    ];

    test.each(mismatches)("%j and not %j: both sides are told what differs", async (theirs, ours, says) => {
      const name = lab.queueName();
      const task = defineTask("it.none", () => 1);
      await lab.worker({ tasks: [task], queues: [{ name, ...theirs }] }).start();
      const refusal = { code: "queue-mismatch", message: expect.stringMatching(says) };
      await expect(lab.worker({ tasks: [task], queues: [{ name, ...ours }] }).start()).rejects.toMatchObject(refusal);
      const client = lab.client([{ name, ...ours }]);
      await expect(client.send(task.with({ queue: name }))).rejects.toMatchObject(refusal);
    });

    test("is taken as it is where its kind was not named, and its kind is logged", async () => {
      const name = lab.queueName();
      const task = defineTask("it.one", () => 1);
      await lab.worker({ tasks: [], queues: [{ name, type: "quorum" }] }).start();
      const { lines, logger } = logged();
      await lab.worker({ tasks: [task], queues: [name], logger, logLevel: "info" }).start();
      expect(lines).toContainEqual(expect.stringMatching(/used as it is.*x-queue-type.*quorum/));
      const client = lab.client([], { defaultQueue: name });
      await client.send(task);
    });

    test("is not declared where that is switched off, and only asked for where it is passive", async () => {
      const task = defineTask("it.one", () => 1);
      const missing = lab.queueName();
      for (const declare of ["passive", "off"] as const) {
        const queue = { name: missing, type: "quorum", declare } as const;
        await expect(lab.worker({ tasks: [task], queues: [queue] }).start()).rejects.toMatchObject({
          code: "not-found",
        });
        const code = declare === "off" ? "unroutable" : "not-found";
        await expect(lab.client([queue]).send(task.with({ queue: missing }))).rejects.toMatchObject({ code });
      }
      expect(await lab.outside.inspectQueue(missing)).toBeNull();
      const name = lab.queueName();
      await lab.worker({ tasks: [], queues: [{ name, maxPriority: 4 }] }).start();
      for (const declare of ["passive", "off"] as const) {
        const queue = { name, type: "quorum", declare } as const; // not what it is, and nobody asks
        await lab.worker({ tasks: [task], queues: [queue] }).start();
        await lab.client([queue]).send(task.with({ queue: name }));
      }
    });
  });

  describe.each(kinds)("queues of kind %j", (kind) => {
    test("with slots of their own neither take nor give any", async () => {
      const [slow, quick] = [lab.queueName(), lab.queueName()];
      const held = gated("it.slow");
      const done: number[] = [];
      const swift = defineTask("it.quick", (_context, n: number) => void done.push(n));
      const queues = [
        { name: slow, ...kind, concurrency: 2 },
        { name: quick, ...kind },
      ];
      const worker = lab.worker({ tasks: [held.task, swift], queues, concurrency: 3 });
      const client = lab.client(queues);
      await client.sendMany(Array.from({ length: 20 }, (_, n) => held.task.s(n).with({ queue: slow })));
      await client.sendMany(Array.from({ length: 50 }, (_, n) => swift.s(n).with({ queue: quick })));
      await worker.start();
      await eventually("all quick ones ran while the slow ones hold their slots", () => done.length === 50);
      await eventually("only the slow ones run still", () => worker.health.active === 2);
      expect(held.begun).toHaveLength(2);
      expect(await lab.inspect(slow)).toMatchObject({ messageCount: 18 });
      held.open();
      await eventually("the slow ones ran too", () => held.begun.length === 20);
    });

    test("give work to the consumer of higher priority while it has room", async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind }];
      const high = gated("it.gated");
      const low = gated("it.gated");
      const client = lab.client(queues, { defaultQueue: name });
      const first = { ...queues[0]!, consumerPriority: 10 };
      await lab.worker({ tasks: [low.task], queues, concurrency: 2 }).start();
      await lab.worker({ tasks: [high.task], queues: [first], concurrency: 3 }).start();
      await client.sendMany(Array.from({ length: 3 }, (_, n) => low.task.s(n)));
      await eventually("the high one has them all", () => high.begun.length === 3);
      expect(low.begun).toEqual([]);
      await client.sendMany(Array.from({ length: 3 }, (_, n) => low.task.s(n)));
      await eventually("the low one has what is too much for the other", () => low.begun.length === 2);
      expect(high.begun).toHaveLength(3);
      low.open();
      high.open();
      await eventually("all ran", () => low.begun.length + high.begun.length === 6);
    });

    test("with a single active consumer serve the next when the first has gone", async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind, singleActiveConsumer: true }];
      const ran: string[] = [];
      const taskOf = (who: string) => defineTask("it.who", (_context, _n: number) => void ran.push(who));
      const first = lab.worker({ tasks: [taskOf("first")], queues });
      await first.start();
      await lab.worker({ tasks: [taskOf("second")], queues }).start();
      const client = lab.client(queues, { defaultQueue: name });
      await client.sendMany(Array.from({ length: 40 }, (_, n) => taskOf("").s(n)));
      await eventually("all ran", () => ran.length === 40);
      expect(new Set(ran)).toEqual(new Set(["first"]));
      await first.stop({ grace: 0 });
      await client.sendMany(Array.from({ length: 40 }, (_, n) => taskOf("").s(n)));
      await eventually("the second has taken over", () => ran.length === 80);
      expect(new Set(ran.slice(40))).toEqual(new Set(["second"]));
    });

    test("on a topic exchange get what is bound to them", async () => {
      const [name, exchange] = [lab.queueName(), lab.queueName()];
      const queue = { name, ...kind, exchange, exchangeType: "topic", routingKey: "images.#" } as const;
      const add = defineTask("it.add", (_context, x: number, y: number) => x + y);
      await lab.worker({ tasks: [add], queues: [queue] }).start();
      const client = lab.client([queue]);
      expect(await client.call(add.with({ exchange, routingKey: "images.resize" }), 1, 2)).toBe(3);
      expect(await client.call(add.with({ queue: name, routingKey: "images.crop" }), 2, 2)).toBe(4);
      const lost = client.send(add.with({ exchange, routingKey: "mail.send" }), 1, 2);
      await expect(lost).rejects.toMatchObject({ code: "unroutable" });
    });

    test("come back when they are deleted under a worker", async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind }];
      const add = defineTask("it.add", (_context, x: number, y: number) => x + y);
      const worker = lab.worker({ tasks: [add], queues });
      await worker.start();
      const client = lab.client(queues, { defaultQueue: name });
      expect(await client.call(add, 1, 1)).toBe(2);
      await lab.outside.deleteQueue(name);
      await eventually("it is declared and consumed again", async () => (await lab.inspect(name)).consumerCount === 1);
      expect(await client.call(add, 2, 3)).toBe(5);
      expect(worker.health.isReady).toBe(true);
    });

    test("lose nothing when a worker stops under 10 000 messages", { timeout: 600_000 }, async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind }];
      const runs = new Map<number, number>();
      const count = defineTask("it.count", (_context, n: number) => void runs.set(n, (runs.get(n) ?? 0) + 1));
      const calls = Array.from({ length: 10_000 }, (_, n) => count.s(n).with({ ignoreResult: true }));
      await lab.client(queues, { defaultQueue: name, results: false }).sendMany(calls);
      for (let round = 1; round <= 3; round += 1) {
        const worker = lab.worker({ tasks: [count], queues, concurrency: 50, results: false });
        await worker.start();
        await eventually("some have run", () => runs.size >= round * 1_500);
        await worker.stop({ grace: "10s" });
      }
      expect(runs.size).toBeLessThan(10_000);
      await lab.worker({ tasks: [count], queues, results: false }).start();
      await eventually("all ran", () => runs.size === 10_000);
      expect([...runs.values()].filter((times) => times > 1)).toEqual([]);
    });
  });

  describe("a queue behind an exchange", () => {
    const note = defineTask("it.note", (_context, n: number) => n);
    const ends: readonly [Omit<QueueOptions, "name">, string, boolean][] = [
      [{ exchangeType: "direct", routingKey: "" }, "", true],
      [{ exchangeType: "direct", routingKey: "" }, "other", false],
      [{ exchangeType: "direct" }, "", false],
      [{ exchangeType: "topic", routingKey: "" }, "", true],
      [{ exchangeType: "topic", routingKey: "" }, "some.key", false],
      [{ exchangeType: "topic", routingKey: "#" }, "", true],
      [{ exchangeType: "topic", routingKey: "#" }, "some.key", true],
      [{ exchangeType: "topic", routingKey: "*.key" }, "some.key", true],
      [{ exchangeType: "topic", routingKey: "*.key" }, "key", false],
      [{ exchangeType: "fanout", routingKey: "" }, "", true],
      [{ exchangeType: "fanout" }, "", true],
      [{ exchangeType: "fanout", routingKey: "any" }, "other", true],
    ];

    test.each(ends)("bound by %j: a call with the routing key %j comes: %s", async (said, routingKey, comes) => {
      const [name, exchange] = [lab.queueName(), lab.queueName()];
      const queues = [{ name, exchange, ...said }];
      await lab.worker({ tasks: [note], queues }).start();
      const client = lab.client(queues);
      const call = client.call(note.with({ exchange, routingKey }), 7);
      const answer: unknown = await call.catch((error: unknown) => (error instanceof CeleryError ? error.code : error));
      expect(answer).toBe(comes ? 7 : "unroutable");
      expect(await client.call(note.with({ queue: name }), 8)).toBe(8);
    });

    test("of another type is refused, and what was asked for is named", async () => {
      const [name, exchange] = [lab.queueName(), lab.queueName()];
      await lab.worker({ tasks: [note], queues: [{ name, exchange, exchangeType: "fanout" }] }).start();
      const other = lab.worker({ tasks: [note], queues: [{ name, exchange, exchangeType: "topic" }] });
      await expect(other.start()).rejects.toMatchObject({
        code: "queue-mismatch",
        message: expect.stringMatching(exchange) as string,
      });
    });
  });

  describe("priorities", () => {
    /** The order in which a worker without prefetch to speak of runs what waits for it. */
    async function orderOf(queue: QueueOptions, priorities: readonly number[]): Promise<readonly number[]> {
      const ran: number[] = [];
      const note = defineTask("it.note", (_context, n: number) => void ran.push(n));
      const client = lab.client([queue], { defaultQueue: queue.name, results: false });
      for (const priority of priorities) await client.send(note.with({ priority }), priority);
      await lab.worker({ tasks: [note], queues: [queue], concurrency: 1, results: false }).start();
      await eventually("all ran", () => ran.length === priorities.length);
      return ran;
    }

    const mixed = [1, 9, 5, 0, 9, 3, 5];

    test("order the backlog of a classic queue", async () => {
      expect(await orderOf({ name: lab.queueName(), maxPriority: 10 }, mixed)).toEqual([9, 9, 5, 5, 3, 1, 0]);
    });

    test("beyond the queue's highest count as that", async () => {
      expect(await orderOf({ name: lab.queueName(), maxPriority: 3 }, [3, 255, 1, 9])).toEqual([3, 255, 9, 1]);
    });

    test("mean nothing to a classic queue declared without them", async () => {
      expect(await orderOf({ name: lab.queueName(), type: "classic" }, mixed)).toEqual(mixed);
    });

    test("order a quorum queue where the broker knows them there, and disturb no other", async () => {
      const ran = await orderOf({ name: lab.queueName(), type: "quorum" }, mixed);
      console.log(`priorities ${mixed.join(" ")} on a quorum queue (RabbitMQ ${broker}): ${ran.join(" ")}`);
      // 3.10 and 3.13 have none, 4.0 has two high messages (above 4) for one other, 4.3 has all.
      expect([mixed, [9, 5, 1, 9, 5, 0, 3], mixed.toSorted((a, b) => b - a)]).toContainEqual(ran);
    });

    test.each(kinds)(
      "are the same for calls that name their queue and calls that do not, on a queue of kind %j",
      async (kind) => {
        const name = lab.queueName();
        const queues = [{ name, ...kind }];
        const ran: number[] = [];
        const note = defineTask("it.note", (_context, n: number) => void ran.push(n));
        const client = lab.client(queues, { defaultQueue: name, results: false });
        const calls = Array.from({ length: 40 }, (_, n) => note.s(n).with(n % 2 === 0 ? {} : { queue: name }));
        for (const call of calls) await client.send(call);
        await lab.worker({ tasks: [note], queues, concurrency: 1, results: false }).start();
        await eventually("all ran", () => ran.length === calls.length);
        expect(ran).toEqual(calls.map((_, n) => n));
      },
    );

    test("do not reach what a worker holds already", async () => {
      const name = lab.queueName();
      const queue = { name, maxPriority: 10, prefetch: 4 };
      const held = gated("it.gated");
      const client = lab.client([queue], { defaultQueue: name });
      await lab.worker({ tasks: [held.task], queues: [queue], concurrency: 1 }).start();
      for (const n of [0, 1, 2, 3, 4, 5]) await client.send(held.task.with({ priority: 0 }), n);
      await eventually("four are held", async () => (await lab.inspect(name)).messageCount === 2);
      await client.send(held.task.with({ priority: 9 }), 9);
      held.open();
      await eventually("all ran", () => held.begun.length === 7);
      expect(held.begun).toEqual([0, 1, 2, 3, 9, 4, 5]);
    });
  });
});
