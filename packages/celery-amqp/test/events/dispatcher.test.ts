import { createContent, type WireMessage } from "@leveret/celery-protocol";
import { decodeEvents, type CeleryEvent } from "@leveret/celery-protocol/events";
import { eventExchange } from "@leveret/celery-protocol/routing";
import { afterEach, describe, expect, test } from "vitest";
import { EventDispatcher } from "../../src/events/dispatcher.ts";
import { LogicalClock } from "../../src/events/logical-clock.ts";
import { CeleryError } from "../../src/ports/errors.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { createMemoryBroker, type MemoryBroker } from "../../src/testing/memory-broker.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const content = createContent();
const exchange = eventExchange();
const monitor = {
  exchanges: [exchange],
  queues: [{ name: "monitor", durable: true, autoDelete: false, exclusive: false }],
  bindings: [{ source: exchange.name, destination: "monitor", destinationType: "queue", routingKey: "#" }],
} as const;

interface Box {
  readonly clock: FakeClock;
  readonly broker: MemoryBroker;
  readonly transport: Transport;
  readonly logicalClock: LogicalClock;
  readonly dispatcher: EventDispatcher;
  readonly lines: readonly string[];
  readonly ready: () => number;
  /** What a monitor finds, by message. */
  readonly heard: () => readonly (readonly CeleryEvent[])[];
  readonly messages: () => readonly WireMessage[];
}

let box: Box | undefined;
afterEach(async () => {
  box?.dispatcher.close();
  await box?.transport.close();
});

async function open(lineLimit?: number): Promise<Box> {
  const clock = createFakeClock({ now: 1_795_343_351_784 });
  const broker = createMemoryBroker({ clock });
  const transport = createMemoryTransport({ broker });
  await transport.connect();
  await transport.declare(monitor);
  const logicalClock = new LogicalClock();
  const log = new RecordingLogger();
  let ready = 0;
  const dispatcher = new EventDispatcher({
    transport,
    content,
    clock,
    logicalClock,
    logger: log,
    hostname: "w1@lab",
    pid: 4711,
    onReady: () => (ready += 1),
    ...(lineLimit !== undefined && { lineLimit }),
  });
  const messages = (): readonly WireMessage[] => broker.messages("monitor");
  const heard = (): readonly (readonly CeleryEvent[])[] => messages().map((message) => decodeEvents(message, content));
  box = { clock, broker, transport, logicalClock, dispatcher, lines: log.lines, ready: () => ready, heard, messages };
  return box;
}

const started = (uuid: string) => ({ type: "task-started", uuid }) as const;
const uuids = (events: readonly CeleryEvent[]) => events.map((event) => ("uuid" in event ? event.uuid : event.type));
const range = (count: number): string[] => Array.from({ length: count }, (_, index) => `t-${index}`);

describe("events of tasks", () => {
  test("that come in one turn go together, as Celery sends them", async () => {
    const { dispatcher, clock, heard, broker } = await open();
    dispatcher.start();
    await clock.advance(0);
    dispatcher.send({
      type: "task-received",
      uuid: "t-1",
      name: "demo.add",
      args: "(2, 3)",
      kwargs: "{}",
      rootId: "t-1",
      parentId: null,
      retries: 0,
      eta: null,
      expires: null,
    });
    dispatcher.send(started("t-1"));
    dispatcher.send({ type: "task-succeeded", uuid: "t-1", result: "5", runtime: 0.5 });
    expect(heard()).toEqual([]);
    await clock.advance(0);
    const [message] = broker.messages("monitor");
    const utcoffset = Math.floor(new Date(clock.now()).getTimezoneOffset() / 60);
    const head = (logicalClock: number) =>
      `{"hostname": "w1@lab", "utcoffset": ${utcoffset}, "pid": 4711, "clock": ${logicalClock}, `;
    expect(broker.messages("monitor")).toHaveLength(1);
    expect(Buffer.from(message?.body ?? []).toString()).toBe(
      `[${head(1)}"uuid": "t-1", "name": "demo.add", "args": "(2, 3)", "kwargs": "{}", "root_id": "t-1", ` +
        `"parent_id": null, "retries": 0, "eta": null, "expires": null, "timestamp": 1795343351.784, "type": "task-received"}, ` +
        `${head(2)}"uuid": "t-1", "timestamp": 1795343351.784, "type": "task-started"}, ` +
        `${head(3)}"uuid": "t-1", "result": "5", "runtime": 0.5, "timestamp": 1795343351.784, "type": "task-succeeded"}]`,
    );
    expect(message).toMatchObject({ headers: { hostname: "w1@lab" }, properties: { persistent: false } });
  });

  test("go when there are 24 of them, not later", async () => {
    const { dispatcher, clock, heard } = await open();
    dispatcher.start();
    await clock.advance(0);
    for (const uuid of range(25)) dispatcher.send(started(uuid));
    await Promise.resolve();
    expect(heard().map(uuids)).toEqual([range(24)]);
    await clock.advance(0);
    expect(heard().map(uuids)).toEqual([range(24), ["t-24"]]);
  });

  test("share their message only with each other", async () => {
    const { dispatcher, clock, heard } = await open();
    dispatcher.start();
    dispatcher.send(started("a"));
    dispatcher.send({ type: "task-sent", uuid: "b", queue: "celery" });
    dispatcher.send({ type: "custom", customType: "task-progressed", extra: { uuid: "c" } });
    dispatcher.send(started("d"));
    dispatcher.send(started("e"));
    await clock.advance(0);
    expect(heard().map(uuids)).toEqual([["a"], ["b"], ["custom"], ["d", "e"]]);
    expect(
      heard()
        .flat()
        .map((event) => event.clock),
    ).toEqual([1, 2, 3, 4, 5]);
  });

  test("count on from the clocks that were heard", async () => {
    const { dispatcher, clock, heard, logicalClock } = await open();
    logicalClock.adjust(41);
    dispatcher.send(started("a"));
    await clock.advance(0);
    expect(heard().flat()).toMatchObject([{ clock: 43 }]);
    expect(logicalClock.value).toBe(43);
  });
});

describe("while the broker is away", () => {
  test("events wait, the oldest are dropped, and both ends are logged once", async () => {
    const { dispatcher, clock, broker, heard, lines, ready } = await open(30);
    dispatcher.start();
    await clock.advance(0);
    broker.stop();
    for (const uuid of range(40)) dispatcher.send(started(uuid));
    dispatcher.report({ type: "worker-heartbeat", freq: 2 });
    await clock.advance(0);
    expect([dispatcher.dropped, ready()]).toEqual([10, 1]);
    expect(lines).toEqual(["warn events are dropped { hostname: 'w1@lab', reason: 'too many could not be sent' }"]);
    broker.start();
    await clock.advance(60_000);
    expect(ready()).toBe(2);
    expect(heard().map(uuids)).toEqual([range(40).slice(10, 34), range(40).slice(34)]);
    expect(lines.slice(1)).toEqual(["info events are sent again { dropped: 10 }"]);
  });

  test("those that wait at the close are dropped, and told", async () => {
    const { dispatcher, clock, broker, lines } = await open();
    dispatcher.start();
    await clock.advance(0);
    broker.stop();
    dispatcher.send(started("a"));
    await dispatcher.flush();
    dispatcher.close();
    dispatcher.close();
    dispatcher.send(started("b"));
    expect(dispatcher.dropped).toBe(1);
    expect(lines).toEqual([
      "warn events are dropped { hostname: 'w1@lab', reason: 'no connection, and this process stops' }",
    ]);
    expect(clock.pending).toBe(0);
  });

  test("a blocked broker holds them back too", async () => {
    const { dispatcher, clock, broker, heard, ready } = await open();
    dispatcher.start();
    await clock.advance(0);
    broker.block();
    dispatcher.send(started("a"));
    await clock.advance(0);
    expect(heard()).toEqual([]);
    broker.unblock();
    await clock.advance(0);
    expect([heard().map(uuids), ready()]).toEqual([[["a"]], 1]);
  });
});

describe("a broker that is slower than the events", () => {
  test("has at most 32 messages on their way to it", async () => {
    const { dispatcher, clock, broker, heard, messages } = await open();
    dispatcher.start();
    await clock.advance(0);
    broker.holdConfirms();
    for (const uuid of range(33 * 24)) dispatcher.send(started(uuid));
    await clock.advance(0);
    expect(messages()).toHaveLength(32);
    broker.releaseConfirms();
    await clock.advance(0);
    expect(heard().flat()).toHaveLength(33 * 24);
    expect(dispatcher.dropped).toBe(0);
  });

  test("takes those that are left at the close", async () => {
    const { dispatcher, clock, broker, heard } = await open();
    dispatcher.start();
    await clock.advance(0);
    broker.holdConfirms();
    for (const uuid of range(33 * 24)) dispatcher.send(started(uuid));
    await dispatcher.flush();
    await clock.advance(0);
    expect(heard().flat()).toHaveLength(33 * 24);
    broker.releaseConfirms();
  });

  test("counts nothing where one monitor's queue takes none: all others have got them", async () => {
    const { dispatcher, clock, broker, heard, lines } = await open();
    dispatcher.start();
    await clock.advance(0);
    broker.refuseNext();
    dispatcher.send(started("a"));
    dispatcher.send(started("b"));
    await clock.advance(0);
    dispatcher.send(started("c"));
    await clock.advance(0);
    expect([dispatcher.dropped, heard().map(uuids)]).toEqual([0, [["c"]]]);
    expect(lines).toEqual([]);
  });
});

describe("the exchange", () => {
  test("is asked for before anything is published to it", async () => {
    const { dispatcher, clock, transport, heard } = await open();
    const asked: string[] = [];
    const declare = transport.declare.bind(transport);
    transport.declare = (topology, mode) => {
      asked.push(`${mode ?? "active"} ${topology.exchanges.map(({ name, durable }) => `${name} ${durable}`).join()}`);
      return declare(topology, mode);
    };
    dispatcher.send(started("a"));
    await clock.advance(0);
    expect([asked, heard().map(uuids)]).toEqual([["active celeryev true"], [["a"]]]);
  });

  test("is waited for by who stops at once, a second at most", async () => {
    const { dispatcher, clock, transport, heard } = await open();
    dispatcher.send(started("a"));
    await dispatcher.flush();
    await clock.advance(0);
    expect([heard().map(uuids), clock.pending]).toEqual([[["a"]], 0]);
    transport.declare = () => new Promise(() => {});
    const silent = new EventDispatcher({
      transport,
      content,
      clock,
      logicalClock: new LogicalClock(),
      logger: new RecordingLogger(),
      hostname: "w2@lab",
      pid: 1,
    });
    silent.send(started("b"));
    const flushed = silent.flush();
    await clock.advance(1_000);
    await flushed;
    silent.close();
    expect([silent.dropped, clock.pending]).toEqual([1, 0]);
  });

  test("that may not be declared may still be there", async () => {
    const { dispatcher, clock, transport, heard } = await open();
    const declare = transport.declare.bind(transport);
    transport.declare = (topology, mode) =>
      mode === "passive" ? declare(topology, mode) : Promise.reject(new CeleryError("access-refused", "no right"));
    dispatcher.send(started("a"));
    await clock.advance(0);
    expect(heard().map(uuids)).toEqual([["a"]]);
  });

  test("that cannot be had is logged once, and events are dropped", async () => {
    const { dispatcher, clock, transport, heard, lines } = await open(1);
    transport.declare = () => Promise.reject(new CeleryError("access-refused", "no right"));
    dispatcher.start();
    await clock.advance(0);
    for (const uuid of range(4)) dispatcher.send(started(uuid));
    await clock.advance(20_000);
    expect([dispatcher.dropped, heard()]).toEqual([3, []]);
    expect(lines).toEqual([
      "warn no events are sent, their exchange cannot be declared { reason: 'no right' }",
      expect.stringContaining("events are dropped"),
    ]);
  });

  test("that a broken connection left open is asked for again, not at once", async () => {
    const { dispatcher, clock, transport, heard } = await open();
    const declare = transport.declare.bind(transport);
    let tries = 0;
    transport.declare = (topology, mode) =>
      (tries += 1) === 1 ? Promise.reject(new CeleryError("connection-lost", "gone")) : declare(topology, mode);
    dispatcher.send(started("a"));
    await clock.advance(4_999);
    dispatcher.send(started("b"));
    await clock.advance(0);
    expect([tries, heard()]).toEqual([1, []]);
    await clock.advance(1);
    dispatcher.send(started("c"));
    await clock.advance(0);
    expect([tries, heard().map(uuids)]).toEqual([2, [["a", "b", "c"]]]);
  });
});
