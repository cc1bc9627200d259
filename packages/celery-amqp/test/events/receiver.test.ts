import { createContent } from "@leveret/celery-protocol";
import { encodeEvent, encodeEventBatch, type CeleryEvent, eventAddress } from "@leveret/celery-protocol/events";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import type { EventStream } from "../../src/events/stream.ts";
import { createClient, type EventOf } from "../../src/index.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";
import { createLab, rejection } from "../client/lab.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const content = createContent();
const worker = { hostname: "celery@web-1", timestamp: 1_795_343_351.5 };
const heartbeat = (clock: number): CeleryEvent => ({ ...worker, type: "worker-heartbeat", clock, freq: 2 });
const started = (uuid: string, clock: number): CeleryEvent => ({ ...worker, type: "task-started", uuid, clock });

function createRoom() {
  const lab = createLab();
  const log = new RecordingLogger();
  const client = lab.client({ logger: log });
  const transport = createMemoryTransport({ broker: lab.broker });
  onTestFinished(() => transport.close());
  const publish = async (body: Uint8Array | null, ...events: readonly CeleryEvent[]): Promise<void> => {
    await transport.connect();
    const [first] = events;
    if (first === undefined) return;
    const [message, to] =
      events.length > 1
        ? [encodeEventBatch(events, first.hostname, content), { exchange: "celeryev", routingKey: "task.multi" }]
        : [encodeEvent(first, content), eventAddress(first)];
    await transport.publisher.publish({ ...message, body: body ?? message.body }, to, { mandatory: false });
  };
  return { lab, log, client, publish, tell: (...events: readonly CeleryEvent[]) => publish(null, ...events) };
}

async function read(stream: EventStream, count: number): Promise<readonly (readonly [string, number])[]> {
  const heard: (readonly [string, number])[] = [];
  for (let at = 0; at < count; at += 1) {
    const { value } = await stream.next();
    if (value !== undefined) heard.push([value.type, value.clock]);
  }
  return heard;
}

describe("client.events", () => {
  test("tells what happens from the moment it is opened, each event of a batch by itself", async () => {
    const { client, tell } = createRoom();
    await using events = client.events();
    await events.opened;
    await tell(heartbeat(3));
    await tell(started("a", 4), started("b", 5));
    expect(await read(events, 3)).toEqual([
      ["worker-heartbeat", 3],
      ["task-started", 4],
      ["task-started", 5],
    ]);
  });

  test("tells only what was asked for, typed", async () => {
    const { client, tell } = createRoom();
    await using events = client.events({ types: ["task-started"] });
    await events.opened;
    await tell(heartbeat(3));
    await tell(started("a", 4));
    const { value } = await events.next();
    expectTypeOf(value).toEqualTypeOf<EventOf<"task-started"> | undefined>();
    expect(value?.uuid).toBe("a");
    expectTypeOf<EventOf<"worker-online">["type"]>().toEqualTypeOf<
      "worker-heartbeat" | "worker-offline" | "worker-online"
    >();
    expectTypeOf<EventOf<"task-*">>().toEqualTypeOf<CeleryEvent>();
  });

  test("gives what clients sent, and what has no clock, its place among the others", async () => {
    const { client, tell } = createRoom();
    await using events = client.events();
    await events.opened;
    await tell({ ...worker, type: "task-sent", uuid: "a", clock: 900 });
    await tell(heartbeat(40));
    await tell({ ...worker, type: "task-sent", uuid: "b", clock: 1 });
    await tell(heartbeat(0));
    await tell(heartbeat(7));
    expect(await read(events, 5)).toEqual([
      ["task-sent", 0],
      ["worker-heartbeat", 40],
      ["task-sent", 40],
      ["worker-heartbeat", 43],
      ["worker-heartbeat", 7],
    ]);
  });

  test("keeps what its reader has not read, up to a bound, and counts what went", async () => {
    const { client, tell } = createRoom();
    await using events = client.events({ maxWaiting: 2 });
    await events.opened;
    for (const clock of [1, 2, 3, 4, 5]) await tell(heartbeat(clock));
    expect(events.dropped).toBe(3);
    expect(await read(events, 2)).toEqual([
      ["worker-heartbeat", 4],
      ["worker-heartbeat", 5],
    ]);
  });

  test("passes over what is no event, with one line", async () => {
    const { client, tell, publish, log } = createRoom();
    await using events = client.events();
    await events.opened;
    await publish(Buffer.from("{}"), heartbeat(1));
    await publish(Buffer.from("\u0000"), heartbeat(2));
    await tell(heartbeat(3));
    expect(await read(events, 1)).toEqual([["worker-heartbeat", 3]]);
    expect(events.unreadable).toBe(2);
    expect(log.lines).toHaveLength(1);
    expect(log.text).toMatch(/a message is not an event/);
  });

  test("ends by the signal, whoever waits", async () => {
    const { lab, client, tell } = createRoom();
    const leaving = new AbortController();
    const events = client.events({ signal: leaving.signal });
    await events.opened;
    const queues = lab.broker.queues();
    const heard: string[] = [];
    const reading = (async () => {
      for await (const event of events) {
        heard.push(event.type);
        leaving.abort();
      }
    })();
    await tell(heartbeat(1));
    await reading;
    expect(heard).toEqual(["worker-heartbeat"]);
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(queues.filter((queue) => queue.startsWith("celeryev."))).toHaveLength(1);
    expect(lab.broker.queues()).toEqual([]);
    await using late = client.events({ signal: leaving.signal });
    expect(await late.next()).toEqual({ done: true, value: undefined });
  });

  test("ends by a break, and its queue goes", async () => {
    const { lab, client, tell } = createRoom();
    const events = client.events();
    await events.opened;
    await tell(heartbeat(1));
    await tell(heartbeat(2));
    for await (const event of events) if (event.clock === 1) break;
    expect(lab.broker.queues()).toEqual([]);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test("ends with its client, which opens no other", async () => {
    const { client } = createRoom();
    const events = client.events();
    const next = events.next();
    await events.opened;
    await client.close();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(() => client.events()).toThrow(expect.objectContaining({ code: "closed" }));
  });

  test("throws, once, why it could not be opened", async () => {
    const client = createClient({ broker: "amqp://127.0.0.1:1" });
    onTestFinished(() => client.close());
    const events = client.events();
    expect(await rejection(events.next())).toMatchObject({ code: "broker-unreachable" });
    expect(await rejection(events.opened)).toMatchObject({ code: "broker-unreachable" });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test.each([
    [{ types: [] }, /types \(a list\)\. Give a list/],
    [{ types: "task-failed" }, /types \("task-failed"\)/],
    [{ tasks: [""] }, /tasks\[0\] \(""\)/],
    [{ hostnames: [5] }, /hostnames\[0\] \(5\)/],
    [{ maxWaiting: 0 }, /maxWaiting \(0\)\. Give an integer from 1/],
    [{ signal: true }, /signal \(true\)/],
    [{ type: "task-failed" }, /type \(unknown\)\. Did you mean `types`\?/],
  ])("refuses %j", (options, message) => {
    const { client } = createRoom();
    expect(() => client.events(options as never)).toThrow(message);
  });
});
