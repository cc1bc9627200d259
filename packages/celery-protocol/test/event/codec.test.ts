import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchAddress, decodeEvents, encodeEvent, encodeEventBatch, eventAddress } from "../../src/event/codec.ts";
import type { CeleryEvent } from "../../src/event/event.ts";
import type { Tree } from "../../src/content/tree.ts";
import { arbitraryTree } from "../support/arbitrary.ts";
import { jsonMessage, pythonContent as content, recorded } from "../support/recorded.ts";
import { loadVectors, text, wireMessage } from "../support/vectors.ts";

const vectors = recorded("event");
const read = (body: unknown): readonly CeleryEvent[] => decodeEvents(jsonMessage(body), content);

describe("a recorded event message", () => {
  test("is one of 31", () => {
    expect(vectors).toHaveLength(31);
  });

  test.each(vectors)("%s", (name, vector) => {
    const message = wireMessage(vector);
    const events = decodeEvents(message, content);
    const isBatch = name.startsWith("event/batch");
    const [first] = events;
    const hostname = String(vector.headers["hostname"]);
    const written = isBatch ? encodeEventBatch(events, hostname, content) : encodeEvent(first as CeleryEvent, content);
    expect(text(written.body)).toBe(text(message.body));
    expect({ ...written, body: null }).toEqual({ ...message, body: null });
    expect(isBatch ? batchAddress() : eventAddress(first as CeleryEvent)).toEqual({
      exchange: vector.publish.exchange,
      routingKey: vector.publish.routing_key,
    });
    expect(events).toEqual([vector.decoded].flat().map((each) => inOurWords(each as Record<string, unknown>)));
  });
});

describe("a recorded event", () => {
  const [all] = loadVectors("event-fields") as unknown as readonly { events: Record<string, readonly Tree[]> }[];
  const events = Object.entries(all?.events ?? {}).flatMap(([kind, list]) => list.map((each) => [kind, each] as const));

  test("is of one of 10 kinds", () => {
    expect(new Set(events.map(([kind]) => kind)).size).toBe(10);
    expect(events).toHaveLength(29);
  });

  test.each(events)("%s", (_, recordedEvent) => {
    const [event] = read(recordedEvent);
    expect(event).toEqual(inOurWords(recordedEvent as Record<string, unknown>));
    expect(JSON.parse(text(encodeEvent(event as CeleryEvent, content).body))).toEqual(recordedEvent);
  });
});

/** The recorded fields under the names they have in code; those of a custom event stay as they are, apart. */
function inOurWords(record: Readonly<Record<string, unknown>>): object {
  const { type, ...fields } = record;
  if (type === "task-custom-thing") {
    const { uuid, note, ...base } = fields;
    return { ...base, type: "custom", customType: type, extra: { uuid, note } };
  }
  return Object.fromEntries([["type", type], ...Object.entries(fields).map(([name, value]) => [camel(name), value])]);
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe("an event", () => {
  const base = { hostname: "w1@lab", timestamp: 5, clock: 1 };

  test("keeps the point of whole floats, as Python's clock does", () => {
    const heartbeat = { ...base, type: "worker-heartbeat", freq: 2, loadavg: [0, 1, 2.5] } as const;
    expect(text(encodeEvent(heartbeat, content).body)).toBe(
      '{"hostname": "w1@lab", "clock": 1, "freq": 2.0, "loadavg": [0.0, 1.0, 2.5], "timestamp": 5.0, "type": "worker-heartbeat"}',
    );
  });

  test("needs a type, a host, a time and, about a task, its id", () => {
    const minimal = { type: "task-started", hostname: "w1@lab", timestamp: 5, uuid: "t-1" };
    expect(read(minimal)).toEqual([{ ...minimal, clock: 0 }]);
    for (const [key, bad] of [
      ["type", undefined],
      ["type", 5],
      ["type", ""],
      ["hostname", undefined],
      ["hostname", ""],
      ["timestamp", "now"],
      ["uuid", null],
      ["uuid", ""],
    ] as const) {
      expect(() => read({ ...minimal, [key]: bad })).toThrow(
        expect.objectContaining({ code: "message-invalid", fault: "remote" }),
      );
    }
  });

  test("of an unknown type keeps its fields as they are", () => {
    const progressed = {
      hostname: "w1@lab",
      clock: 1,
      uuid: "t-1",
      percent: 50,
      timestamp: 5.5,
      type: "task-progressed",
    };
    const [event] = read(progressed);
    expect(event).toEqual({
      ...base,
      timestamp: 5.5,
      type: "custom",
      customType: "task-progressed",
      extra: { uuid: "t-1", percent: 50 },
    });
    expect(JSON.parse(text(encodeEvent(event as CeleryEvent, content).body))).toEqual(progressed);
    expect(eventAddress(event as CeleryEvent, "ev")).toEqual({ exchange: "ev", routingKey: "task.progressed" });
  });

  test("keeps fields of an unexpected type apart, raw", () => {
    const odd = { ...base, type: "worker-online", pid: "4711", clock: null, loadavg: [1, "?"], freq: "2" };
    expect(read(odd)).toEqual([
      { ...base, clock: 0, type: "worker-online", extra: { pid: "4711", clock: null, loadavg: [1, "?"], freq: "2" } },
    ]);
  });

  test.each([
    ["task-rejected", "requeue", "yes"],
    ["task-received", "name", 5],
    ["task-received", "eta", 5],
    ["task-received", "retries", "0"],
    ["task-revoked", "signum", "9"],
    ["task-succeeded", "runtime", null],
    ["worker-online", "loadavg", null],
    ["worker-online", "loadavg", ["1"]],
  ])("of type %s keeps %s apart when it is %j", (type, field, value) => {
    const uuid = type.startsWith("task") ? { uuid: "t-1" } : {};
    expect(read({ ...base, ...uuid, type, [field]: value })).toEqual([
      { ...base, ...uuid, type, extra: { [field]: value } },
    ]);
  });

  test("is not overwritten by what stands apart", () => {
    const event = {
      ...base,
      type: "worker-elect-ack",
      id: "e-1",
      extra: { id: "e-2", type: "x", timestamp: 6 },
    } as const;
    expect(JSON.parse(text(encodeEvent(event, content).body))).toEqual({
      ...base,
      type: "worker-elect-ack",
      id: "e-1",
    });
  });

  test("may tell null where Celery does", () => {
    const failed = { ...base, type: "task-failed", uuid: "t-1", exception: "E()", traceback: null } as const;
    expect(read({ ...failed, signum: null })).toEqual([{ ...failed, extra: { signum: null } }]);
    expect(read({ ...base, type: "task-revoked", uuid: "t-1", signum: null })[0]).toHaveProperty("signum", null);
  });
});

describe("a message of events", () => {
  test("may hold none", () => {
    expect(read([])).toEqual([]);
  });

  test("with one that is none is refused", () => {
    expect(() => read([{ type: "task-started", hostname: "h", timestamp: 1, uuid: "t" }, 5])).toThrow(
      expect.objectContaining({ code: "message-invalid" }),
    );
  });

  test("comes back as it was written", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const base = { hostname: fc.string({ minLength: 1 }), timestamp: number, clock: fc.nat() };
    const optional = { requiredKeys: ["type", "hostname", "timestamp", "clock", "uuid"] } as never;
    const nullable = fc.option(fc.string());
    const event = fc.oneof(
      fc.record({ ...base, type: fc.constant("task-started"), uuid: fc.string({ minLength: 1 }) }),
      fc.record(
        {
          ...base,
          type: fc.constant("task-received"),
          uuid: fc.string({ minLength: 1 }),
          rootId: nullable,
          eta: nullable,
        },
        optional,
      ),
      fc.record(
        { ...base, type: fc.constant("task-succeeded"), uuid: fc.string({ minLength: 1 }), runtime: number },
        optional,
      ),
      fc.record({ ...base, type: fc.constant("worker-elect"), action: arbitraryTree, loadavg: fc.constant(undefined) }),
      fc.record({ ...base, type: fc.constant("worker-online"), loadavg: fc.array(number) }),
      fc.record({
        ...base,
        type: fc.constant("custom"),
        customType: fc.string({ minLength: 1 }).map((name) => `task-custom-${name}`),
        extra: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), arbitraryTree, {
          minKeys: 1,
          noNullPrototype: true,
        }),
      }),
    ) as unknown as fc.Arbitrary<CeleryEvent>;
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), (events) => {
        expect(decodeEvents(encodeEventBatch(events, "h", content), content)).toEqual(events);
      }),
    );
  });
});
