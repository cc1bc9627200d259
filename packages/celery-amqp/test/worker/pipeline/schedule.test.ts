import { afterEach, describe, expect, test } from "vitest";
import { formatIso, type WireTime } from "@leveret/celery-protocol";
import { delayedTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../../../src/ports/errors.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

const ran: number[] = [];
const note = defineTask("demo.note", (_context, n: number) => void ran.push(n));

function at(epochMs: number): WireTime {
  return { epochMs, text: formatIso(epochMs) };
}

async function start(concurrency: number, scheduledLimit = 1_000): Promise<Harness> {
  ran.length = 0;
  harness = await startWorker([note], { concurrency, scheduledLimit });
  return harness;
}

describe("tasks that are due soon", () => {
  test("are held until their eta, in its order, and the broker is asked for nothing", async () => {
    const { send, clock, broker } = await start(1);
    const now = clock.now();
    for (const n of [20, 5, 10]) await send({ task: "demo.note", args: [n], eta: at(now + n * 100) });
    await clock.advance(499);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([5]);
    await clock.advance(1500);
    expect(ran).toEqual([5, 10, 20]);
    expect(broker.queues()).toEqual(["replies", "celery"]);
  });

  test("never take the place of tasks that may run now", async () => {
    const { send, clock } = await start(1);
    for (let n = 0; n < 200; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 1900) });
    await send({ task: "demo.note", args: [777] });
    await clock.advance(300);
    expect(ran).toEqual([777]);
    await clock.advance(1700);
    expect(ran).toHaveLength(201);
  });

  test("give their places back", async () => {
    const { send, clock, broker } = await start(1);
    for (let n = 0; n < 50; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 1000) });
    await clock.advance(2000);
    expect(ran).toHaveLength(50);
    expect(broker.checkQueue("celery", harness as never).consumerCount).toBe(1);
  });

  test("are held up to the limit, and that is told once", async () => {
    const { send, clock, broker, lines } = await start(2, 5);
    for (let n = 0; n < 20; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 1000) });
    await clock.advance(100);
    expect(broker.messages("celery")).toHaveLength(20 - 2 - 5);
    expect(lines.filter((line) => line.message.startsWith("the limit of scheduled tasks"))).toHaveLength(1);
    await clock.advance(3000);
    expect(ran).toHaveLength(20);
  });

  test("that expire before their eta are revoked when they do", async () => {
    const { send, clock, results, events } = await start(1);
    const now = clock.now();
    await send({ id: "id", task: "demo.note", args: [1], eta: at(now + 2000), expires: at(now + 1000) });
    await clock.advance(999);
    expect(await results()).toEqual([]);
    await clock.advance(1);
    expect(await results()).toMatchObject([
      { taskId: "id", status: "REVOKED", exception: { type: "TaskRevokedError", args: ["expired"] } },
    ]);
    expect(events.at(-1)).toMatchObject({ type: "taskRevoked", reason: "expired" });
    await clock.advance(1000);
    expect(ran).toEqual([]);
  });

  test("go back to the queue when the worker stops", async () => {
    const { send, clock, broker, worker } = await start(1);
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 1000) });
    await clock.advance(0);
    await worker.stop();
    expect(broker.messages("celery")).toHaveLength(1);
  });

  test("come again after a loss, and run once each", async () => {
    const { send, clock, broker } = await start(1);
    for (let n = 0; n < 20; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 1500) });
    await clock.advance(0);
    broker.drop();
    await clock.advance(6000);
    expect(ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(broker.messages("celery")).toEqual([]);
  });
});

describe("tasks that are due later", () => {
  const parked = ({ broker }: Harness): number =>
    broker
      .queues()
      .filter((name) => name.startsWith("celery_delayed_"))
      .reduce((sum, name) => sum + broker.messages(name).length, 0);

  test.each([2_001, 2_999, 3_000, 3_400, 61_000, 3_600_123])(
    "of %i ms wait in the broker and run on time",
    async (ms) => {
      const { send, clock, broker } = await start(1);
      await send({ task: "demo.note", args: [ms], eta: at(clock.now() + ms) });
      await clock.advance(0);
      expect([broker.messages("celery").length, parked(harness!)]).toEqual([0, 1]);
      await clock.advance(ms - 1);
      expect([ran, parked(harness!)]).toEqual([[], 0]);
      await clock.advance(1);
      expect(ran).toEqual([ms]);
      expect(broker.messages("celery")).toEqual([]);
    },
  );

  test("wait in the broker too where the worker took up their queue while it ran", async () => {
    const { send, clock, broker, worker } = await start(1);
    await worker.addConsumer("third");
    await send({ task: "demo.note", args: [3], eta: at(clock.now() + 60_000) }, "third");
    await clock.advance(0);
    expect([broker.messages("third").length, parked(harness!)]).toEqual([0, 1]);
    await clock.advance(60_000);
    expect(ran).toEqual([3]);
  });

  test("in the far future come back to be parked again", async () => {
    const { send, clock } = await start(1);
    const ms = (2 ** 28 + 100) * 1000;
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + ms) });
    await clock.advance(ms - 1);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([1]);
  });

  test("leave one that may run now its place", async () => {
    const { send, clock } = await start(1);
    for (let n = 0; n < 200; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 60_000) });
    await send({ task: "demo.note", args: [777] });
    await clock.advance(20);
    expect(ran).toEqual([777]);
    await clock.advance(60_000);
    expect(ran).toHaveLength(201);
  });

  test("are the same messages when they come back, from where they were sent to", async () => {
    const came: unknown[] = [];
    const look = defineTask("demo.look", (context) => void came.push(context.message));
    harness = await startWorker([look], {
      queues: [{ name: "images", exchange: "art", exchangeType: "topic", routingKey: "art.#" }],
    });
    const { clock } = harness;
    const eta = at(clock.now() + 10_000);
    const fields = {
      id: "id",
      eta,
      expires: at(clock.now() + 60_000),
      expirationMs: 60_000,
      priority: 4,
      extraHeaders: { tenant: "blue" },
    };
    await harness.send({ task: "demo.look", ...fields }, { exchange: "art", routingKey: "art.big" });
    await clock.advance(10_000);
    expect(came).toMatchObject([
      { ...fields, expirationMs: null, deliveryInfo: { exchange: "art", routingKey: "art.big", redelivered: false } },
    ]);
  });

  test("that expire before their eta are revoked when they do", async () => {
    const { send, clock, results } = await start(1);
    const now = clock.now();
    await send({ id: "id", task: "demo.note", args: [1], eta: at(now + 60_000), expires: at(now + 30_000) });
    await clock.advance(29_999);
    expect(await results()).toEqual([]);
    await clock.advance(1);
    expect(await results()).toMatchObject([{ taskId: "id", status: "REVOKED" }]);
    await clock.advance(60_000);
    expect(ran).toEqual([]);
  });

  test("come from nobody else's delay: another queue of the exchange sees them once", async () => {
    const { send, clock, broker, transport } = await start(1);
    const audit = { name: "audit", durable: true, autoDelete: false, exclusive: false };
    const topics = { name: "topics", type: "topic", durable: true, autoDelete: false } as const;
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 5000) });
    await clock.advance(0);
    const python = {
      source: "celery_delayed_delivery",
      destination: "topics",
      destinationType: "exchange",
      routingKey: "#.celery",
    } as const;
    const all = { source: "topics", destination: "audit", destinationType: "queue", routingKey: "#" } as const;
    await transport.declare({ exchanges: [topics], queues: [audit], bindings: [python, all] });
    await clock.advance(5000);
    expect([ran, broker.messages("audit")]).toEqual([[1], []]);
  });

  test("are not acked before the confirm: what is cut off comes again, and is parked once", async () => {
    const { send, clock, broker, transport } = await start(1);
    const { publisher } = transport;
    const publish = publisher.publish.bind(publisher);
    const cutOff = Promise.withResolvers<void>();
    publisher.publish = () => cutOff.promise;
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 60_000) });
    await clock.advance(0);
    publisher.publish = publish;
    broker.drop();
    await clock.advance(0);
    cutOff.reject(new CeleryError("connection-lost", "cut off"));
    await clock.advance(10_000);
    expect([broker.messages("celery").length, parked(harness!)]).toEqual([0, 1]);
    await clock.advance(50_000);
    expect(ran).toEqual([1]);
  });

  test("go back to the queue while the broker takes nothing", async () => {
    const { send, clock, transport, worker, broker } = await start(1);
    transport.publisher.publish = () => Promise.reject(new CeleryError("publish-nacked", "full"));
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 600_000) });
    await clock.advance(100_000);
    await Promise.all([worker.stop({ grace: 0 }), clock.advance(10_000)]);
    expect(broker.messages("celery")).toHaveLength(1);
  });

  test("wait in memory where the delay may not be declared, and that is told once", async () => {
    const { send, clock, broker, transport, lines } = await start(1);
    const declare = transport.declare.bind(transport);
    transport.declare = async (topology, mode) => {
      if (topology.exchanges.some(({ name }) => name.startsWith("celery_delayed")))
        throw new CeleryError("access-refused", "403");
      return declare(topology, mode);
    };
    for (const n of [1, 2]) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 3_600_000) });
    await clock.advance(3_599_999);
    expect([ran, broker.queues()]).toEqual([[], ["replies", "celery"]]);
    await clock.advance(1);
    expect(ran).toEqual([1, 2]);
    expect(lines.filter(({ level }) => level === "warn")).toMatchObject([
      { message: expect.stringContaining("wait in memory") },
    ]);
  });

  test("wait in memory where a part of the delay may not be declared, and no message can enter the rest", async () => {
    const { send, clock, transport } = await start(1);
    const declare = transport.declare.bind(transport);
    transport.declare = async (topology, mode) => {
      const isAllowed = ({ name }: { readonly name: string }): boolean => !/^celery_delayed_1[3-9]$/.test(name);
      const { exchanges, queues } = topology;
      if ([...exchanges, ...queues].every(isAllowed)) return declare(topology, mode);
      await declare({ exchanges: exchanges.filter(isAllowed), queues: queues.filter(isAllowed), bindings: [] }, mode);
      throw new CeleryError("access-refused", "403");
    };
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 3_600_000) });
    await clock.advance(3_600_000);
    expect(ran).toEqual([1]);
    const entry = delayedTopology().entry;
    await expect(declare({ ...entry, bindings: [] }, "passive")).rejects.toMatchObject({ code: "not-found" });
  });

  test("are parked though the delay was deleted meanwhile", async () => {
    const { send, clock, broker } = await start(1);
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 5000) });
    await clock.advance(5000);
    for (const name of broker.queues()) if (name.startsWith("celery_delayed_")) broker.deleteQueue(name);
    await send({ task: "demo.note", args: [2], eta: at(clock.now() + 5000) });
    await clock.advance(5000);
    expect(ran).toEqual([1, 2]);
  });

  test("find their queue again that was deleted and made anew", async () => {
    const { send, clock, broker } = await start(1);
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 5000) });
    await clock.advance(0);
    broker.deleteQueue("celery");
    await clock.advance(5000);
    expect(ran).toEqual([1]);
  });
});
