import { AsyncLocalStorage } from "node:async_hooks";
import type { Delivery, SubscribeOptions } from "@leveret/celery-amqp";
import {
  createFakeClock,
  createMemoryBroker,
  createMemoryTransport,
  type FakeClock,
  type MemoryBroker,
} from "@leveret/celery-amqp/testing";
import { afterEach, describe, expect, test } from "vitest";
import { type Beat, createBeat, type CreateBeatOptions } from "../src/index.ts";
import { decodeState } from "../src/rules/beat-state.ts";
import { tickId } from "../src/rules/tick-id.ts";

const live: Beat[] = [];
afterEach(async () => {
  for (const beat of live.splice(0)) await beat.stop();
});

interface Scene {
  readonly clock: FakeClock;
  readonly broker: MemoryBroker;
  readonly beat: (options?: Partial<CreateBeatOptions>) => Promise<Beat>;
  /** Ids of the tasks that wait. */
  readonly ids: (queue?: string) => readonly string[];
}

const start = Date.parse("2026-01-01T00:00:00Z");

function scene(): Scene {
  const clock = createFakeClock({ now: start });
  const broker = createMemoryBroker({ clock });
  let count = 0;
  const ids = { uuid: () => `id-${(count += 1)}`, random: () => 0 };
  return {
    clock,
    broker,
    ids: (queue = "celery") =>
      (broker.hasQueue(queue) ? broker.messages(queue) : []).map(({ headers }) => String(headers["id"])),
    beat: async (options) => {
      const entries = { tick: { task: "demo.tick", schedule: "10s" as const } };
      const beat = createBeat({ entries, transport: createMemoryTransport({ broker }), clock, ids, ...options });
      live.push(beat);
      await beat.start();
      await clock.advance(0);
      return beat;
    },
  };
}

const at = (seconds: number): string => tickId("celery", "tick", start + seconds * 1_000);

test("sends each tick once, by an id of its own", async () => {
  const { clock, beat, ids } = scene();
  expect((await beat()).phase).toBe("leading");
  await clock.advance(9_999);
  expect(ids()).toEqual([]);
  await clock.advance(20_001);
  expect(ids()).toEqual([at(10), at(20), at(30)]);
});

test("of two beats one leads; the other goes on where it stopped, without a tick lost or doubled", async () => {
  const { clock, beat, ids } = scene();
  const [first, second] = [await beat(), await beat()];
  expect([first.phase, second.phase]).toEqual(["leading", "standby"]);
  await clock.advance(25_000);
  await first.stop();
  await clock.advance(0);
  expect([first.phase, second.phase]).toEqual(["stopped", "leading"]);
  await clock.advance(25_000);
  expect(ids()).toEqual([10, 20, 30, 40, 50].map(at));
});

test("a leader whose connection is lost stands back, and comes again", async () => {
  const { clock, broker, beat, ids } = scene();
  const leader = await beat();
  const phases: string[] = [];
  leader.onPhase((phase) => phases.push(phase));
  await clock.advance(15_000);
  broker.drop();
  await clock.advance(20_000);
  expect(phases).toEqual(["standby", "leading"]);
  expect(ids()).toEqual([10, 20, 30].map(at));
});

test("what was due while no broker was there is sent when it is back", async () => {
  const { clock, broker, beat, ids } = scene();
  await beat();
  await clock.advance(10_000);
  broker.stop();
  await clock.advance(25_000);
  broker.start();
  await clock.advance(10_000);
  expect([...new Set(ids())]).toEqual([10, 20, 30, 40].map(at));
});

test.each([
  ["skip", []],
  ["once", [600]],
  ["all", Array.from({ length: 60 }, (_, index) => 10 + index * 10)],
] as const)("after a long time without a beat, policy %s", async (catchUp, sent) => {
  const { clock, beat, ids } = scene();
  await (await beat()).stop();
  await clock.advance(605_000);
  await beat({ catchUp, missedAfter: 0 });
  expect(ids()).toEqual(sent.map(at));
  await clock.advance(5_000);
  expect(ids()).toEqual([...sent, 610].map(at));
});

test("the state is one message, which each tick replaces", async () => {
  const { clock, broker, beat } = scene();
  const leader = await beat();
  await clock.advance(35_000);
  await leader.stop();
  await clock.advance(0);
  const [message, ...others] = broker.messages("celery.beat");
  expect(others).toEqual([]);
  expect(decodeState(message!, clock.now()).state).toEqual(new Map([["tick", start + 30_000]]));
});

test("beats that come and go do not lose the state, nor gather messages", async () => {
  const { clock, broker, beat, ids } = scene();
  for (let round = 0; round < 6; round += 1) {
    const leader = await beat();
    const spare = await beat();
    await clock.advance(10_000);
    await leader.stop();
    await clock.advance(0);
    await spare.stop();
    await clock.advance(0);
    expect(broker.messages("celery.beat")).toHaveLength(1);
  }
  expect(ids()).toEqual([10, 20, 30, 40, 50, 60].map(at));
});

test("a leader cut off before it learned that a tick was taken does not send it again, nor does another", async () => {
  const { clock, broker, beat, ids } = scene();
  await beat();
  await beat();
  broker.holdConfirms();
  await clock.advance(10_000);
  expect(ids()).toEqual([at(10)]);
  broker.drop();
  broker.releaseConfirms();
  await clock.advance(15_000);
  expect(ids()).toEqual([10, 20].map(at));
});

test("a tick that its queue refuses is tried until it is taken, and a later leader does not think it was", async () => {
  const { clock, broker, beat, ids } = scene();
  const full = { name: "celery", durable: true, autoDelete: false, exclusive: false };
  broker.declareQueue({ ...full, arguments: { "x-max-length": 1, "x-overflow": "reject-publish" } }, {} as never);
  const first = await beat();
  await beat();
  await clock.advance(10_000);
  expect(ids()).toEqual([at(10)]);
  await clock.advance(12_000);
  await first.stop();
  await clock.advance(5_000);
  expect(ids()).toEqual([at(10)]);
  broker.purgeQueue("celery");
  await clock.advance(2_000);
  expect(ids()).toEqual([at(20)]);
});

test("a tick that the broker is slow to confirm is not sent again meanwhile", async () => {
  const { clock, broker, ids, beat } = scene();
  await beat();
  broker.holdConfirms();
  await clock.advance(45_000);
  expect(ids()).toEqual([at(10)]);
  broker.releaseConfirms();
  await clock.advance(31_000);
  expect(ids()).toEqual([10, 20, 30, 40, 50, 60, 70].map(at));
});

test("an entry with an exchange of its own is sent at least once", async () => {
  const { clock, broker, ids, beat } = scene();
  const transport = createMemoryTransport({ broker });
  await transport.connect();
  const own = { name: "own", type: "direct", durable: true, autoDelete: false } as const;
  const queue = { name: "far", durable: true, autoDelete: false, exclusive: false };
  const binding = { source: "own", destination: "far", destinationType: "queue", routingKey: "key" } as const;
  await transport.declare({ exchanges: [own], queues: [queue], bindings: [binding] });
  const options = { exchange: "own", routingKey: "key" };
  await beat({ entries: { tick: { task: "demo.tick", schedule: "10s", options } } });
  await clock.advance(25_000);
  expect(ids("far")).toEqual([10, 20].map(at));
  await transport.close();
});

test("more entries than one turn sends are all sent", async () => {
  const { clock, broker, beat } = scene();
  const names = Array.from({ length: 1_200 }, (_, index) => `e${index}`);
  await beat({ entries: Object.fromEntries(names.map((name) => [name, { task: "demo.tick", schedule: "10s" }])) });
  await clock.advance(19_000);
  expect(broker.messages("celery")).toHaveLength(1_200);
  await clock.advance(1_000);
  expect(new Set(broker.messages("celery").map(({ headers }) => headers["id"])).size).toBe(2_400);
});

test("a tick that cannot be sent holds up no other entry, and is sent later", async () => {
  const { clock, broker, beat, ids } = scene();
  const entries = {
    tick: { task: "demo.tick", schedule: "10s" as const },
    lost: { task: "demo.lost", schedule: "10s" as const, options: { queue: "there-later" } },
  };
  await beat({ entries, sending: { declare: "off" } });
  const declare = (name: string) =>
    createMemoryTransport({ broker })
      .connect()
      .then(() => broker.declareQueue({ name, durable: true, autoDelete: false, exclusive: false }, {} as never));
  await declare("celery");
  await clock.advance(25_000);
  expect(ids()).toEqual([10, 20].map(at));
  await declare("there-later");
  await clock.advance(10_000);
  expect(ids("there-later")).toEqual([10, 20, 30].map((seconds) => tickId("celery", "lost", start + seconds * 1_000)));
  expect(ids()).toEqual([10, 20, 30].map(at));
});

test("messages are as Celery's beat sends them, but for an answer that nobody awaits", async () => {
  const { clock, broker, beat } = scene();
  const entries = {
    tick: { task: "demo.add", schedule: 10, args: [16, 16], options: { expires: 60, headers: { mine: "kept" } } },
  };
  await beat({ entries });
  await clock.advance(10_000);
  const [message] = broker.messages("celery");
  expect(message?.headers).toMatchObject({
    celery_beat_task: true,
    mine: "kept",
    task: "demo.add",
    id: at(10),
    root_id: at(10),
    parent_id: null,
    eta: null,
    expires: "2026-01-01T00:01:10+00:00",
    argsrepr: "(16, 16)",
    retries: 0,
  });
  expect(Object.keys(message?.headers ?? {}).filter((name) => /bcc|leveret/i.test(name))).toEqual([
    "x-leveret-beat-state",
    "x-leveret-beat-tick",
  ]);
  expect(message?.properties.replyTo).toBeUndefined();
});

test("a state that is not wholly readable is logged and counts for nothing; the schedule goes on", async () => {
  const { clock, broker, beat, ids } = scene();
  const warnings: string[] = [];
  const logger = { debug() {}, info() {}, warn: (line: string) => void warnings.push(line), error() {} };
  const inner = createMemoryTransport({ broker });
  const transport = new Proxy(inner, {
    get(target, name) {
      if (name === "subscribe") {
        return (options: SubscribeOptions, onDelivery: (delivery: Delivery) => void) =>
          target.subscribe(options, (delivery) => {
            const unreadable = delivery.message.headers["odd"] === undefined ? null : "The header odd is odd";
            onDelivery({ ...delivery, unreadable });
          });
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await beat({ transport, logger });
  const outside = createMemoryTransport({ broker });
  await outside.connect();
  const state = { entries: { tick: start + 25_000 } };
  const message = { headers: { odd: 1 }, properties: {}, body: Buffer.from(JSON.stringify(state)) };
  await outside.publisher.publish(message, { exchange: "", routingKey: "celery.beat" });
  await clock.advance(30_000);
  expect(ids()).toEqual([at(10), at(20), at(30)]);
  expect(warnings).toEqual(["a state with unreadable headers is ignored"]);
});

/** Warnings of a beat. */
function listening() {
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  return { lines, logger: { debug() {}, info() {}, warn: note, error: note } };
}

describe("times that cannot be true", () => {
  test("of a clock that was ahead are logged, and the schedule goes on", async () => {
    const { clock, beat, ids } = scene();
    const { lines, logger } = listening();
    await beat({ logger });
    await clock.advance(20_000);
    clock.step(-3_600_000);
    await clock.advance(30_000);
    expect(ids().slice(2)).toEqual([-3560, -3550].map(at)); // noticed at its next turn
    expect(lines).toEqual(["times of the state are invalid or in the future, they are ignored"]);
  });

  test("are not believed after a restart either", async () => {
    const { clock, broker, beat, ids } = scene();
    const first = await beat();
    await clock.advance(20_000);
    await first.stop();
    await clock.advance(0);
    clock.step(-3_600_000);
    const { lines, logger } = listening();
    const second = await beat({ logger });
    await clock.advance(30_000);
    expect(ids().slice(2)).toEqual([-3570, -3560, -3550].map(at));
    expect(lines.length).toBeGreaterThan(0);
    await second.stop();
    await clock.advance(0);
    expect(broker.messages("celery.beat")).toHaveLength(1);
    expect([...decodeState(broker.messages("celery.beat")[0]!, Infinity).state.values()]).toEqual([start - 3_550_000]);
  });

  test.each([
    '{"entries":{"tick":9007199254740991}}',
    '{"entries":{"tick":4102444800000}}',
    '{"entries":{"tick":"soon","other":null}}',
    '{"entries":{"tick":-1}}',
    '{"entries":[9007199254740991]}',
    "9007199254740991",
    "{",
  ])("of a message from outside do not stop the schedule: %s", async (text) => {
    const { clock, broker, beat, ids } = scene();
    const { lines, logger } = listening();
    const first = await beat({ logger });
    await clock.advance(15_000);
    const outside = createMemoryTransport({ broker });
    await outside.connect();
    const body = new TextEncoder().encode(text);
    await outside.publisher.publish({ headers: {}, properties: {}, body }, { exchange: "", routingKey: "celery.beat" });
    await clock.advance(15_000);
    expect(ids()).toEqual([10, 20, 30].map(at));
    expect(lines).toHaveLength(1);
    await first.stop();
    await clock.advance(0);
    await beat();
    await clock.advance(20_000);
    expect(ids()).toEqual([10, 20, 30, 40, 50].map(at));
  });
});

test("listeners see no store of the program that started the beat, and may throw", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { clock, beat, ids } = scene();
  const seen: unknown[] = [];
  const entries = { tick: { task: "demo.tick", schedule: "10s" as const } };
  const waiting = await beat();
  const second = createBeat({
    entries,
    transport: createMemoryTransport({ broker: createMemoryBroker({ clock }) }),
    clock,
  });
  live.push(second);
  second.onPhase((phase) => {
    seen.push([phase, storage.getStore()]);
    storage.enterWith("listener");
    throw new Error("a listener");
  });
  await storage.run("starter", () => second.start());
  await clock.advance(20_000);
  expect(seen).toEqual([
    ["standby", undefined],
    ["leading", undefined],
  ]);
  expect(waiting.phase).toBe("leading");
  expect(ids()).toEqual([10, 20].map(at));
});
