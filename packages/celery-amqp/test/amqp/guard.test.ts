import { describe, expect, test } from "vitest";
import { AmqpDelivery, type Settling } from "../../src/amqp/delivery.ts";
import { guard } from "../../src/amqp/guard.ts";
import { entry, nested, sized, text, uint, value } from "@leveret/test-support/wire/fields";
import {
  contentFrames,
  deliverFrame,
  frame,
  headerPayload,
  headerTable,
  methodFrame,
  type Properties,
  shortString,
} from "@leveret/test-support/wire/frames";
import { consumerTag, type MemoryConnection, openMemoryConnection } from "../support/wire/memory-connection.ts";

const heartbeat = frame(8, 0, Buffer.alloc(0));
const longs = headerTable(entry("ts_ms", value("L", uint(8, 1_764_500_000_000))));
const deep = headerTable(Buffer.concat([entry("task", text("add")), entry("deep", nested(12_000))]));
const odd = headerTable(Buffer.concat([entry("task", text("add")), entry("odd", value("Z"))]));

function message(tag: number, properties: Properties, body = "body"): Buffer {
  return Buffer.concat([deliverFrame(1, consumerTag, tag), contentFrames(1, properties, Buffer.from(body))]);
}

function deliveries({ delivered }: MemoryConnection): readonly AmqpDelivery[] {
  return delivered.map((each) => new AmqpDelivery(each, {} as Settling));
}

test.each<[string, Properties]>([
  ["a type tag that it does not know", { headers: longs }],
  ["12 000 levels", { headers: deep }],
])("amqplib alone ends the connection over %s", async (_what, properties) => {
  const connection = await openMemoryConnection({ isGuarded: false });
  await connection.push(message(1, properties));
  expect(connection.faults).toHaveLength(1);
  expect(connection.delivered).toHaveLength(0);
});

test("behind the guard all of them are delivered, and their neighbours", async () => {
  const connection = await openMemoryConnection();
  const good = { headers: headerTable(entry("a", text("x"))), correlationId: shortString("id") };
  await connection.push(
    Buffer.concat([
      message(1, good),
      message(2, { headers: longs }),
      heartbeat,
      message(3, { headers: deep }),
      message(4, { headers: odd }),
      message(5, good, ""),
      message(6, {}),
    ]),
  );
  expect(connection.faults).toEqual([]);
  expect(
    deliveries(connection).map(({ message: { headers, body }, unreadable }) => [
      headers,
      Buffer.from(body).toString(),
      unreadable,
    ]),
  ).toEqual([
    [{ a: "x" }, "body", null],
    [{ ts_ms: 1_764_500_000_000 }, "body", null],
    [
      { task: "add", "x-leveret-unread-headers": expect.any(Uint8Array) },
      "body",
      expect.stringContaining('The header "deep" is nested deeper'),
    ],
    [{ task: "add", "x-leveret-unread-headers": expect.any(Uint8Array) }, "body", expect.stringContaining('"odd"')],
    [{ a: "x" }, "", null],
    [{}, "body", null],
  ]);
});

test("the bytes of flags, properties and headers stay with the message, or their beginning", async () => {
  const connection = await openMemoryConnection();
  await connection.push(message(1, { headers: odd, type: shortString("t") }));
  const [delivery] = deliveries(connection);
  const all = headerPayload(0, { headers: odd, type: shortString("t") }).subarray(12);
  expect(delivery?.message.headers["x-leveret-unread-headers"]).toEqual(Uint8Array.from(all));
  expect(delivery?.message.properties.type).toBe("t");
  await connection.push(message(2, { headers: deep }));
  const large = deliveries(connection)[1]?.message.headers["x-leveret-unread-headers"];
  expect(large).toEqual(Uint8Array.from(headerPayload(0, { headers: deep }).subarray(12, 12 + 16_384)));
});

test("no message can claim to be unreadable", async () => {
  const connection = await openMemoryConnection();
  const forged = Buffer.concat([
    entry("unreadable", text("forged")),
    entry("x-leveret-unread-headers", text("forged")),
    entry("!", text("forged")),
  ]);
  await connection.push(message(1, { headers: headerTable(forged) }));
  expect(deliveries(connection).map(({ unreadable }) => unreadable)).toEqual([null]);
});

test("every property is read, with every other one beside it or not", async () => {
  const connection = await openMemoryConnection();
  const all = {
    contentType: shortString("application/json"),
    contentEncoding: shortString("utf-8"),
    headers: longs,
    deliveryMode: Buffer.of(2),
    priority: Buffer.of(9),
    correlationId: shortString("correlation"),
    replyTo: shortString("reply"),
    expiration: shortString("1500"),
    messageId: shortString("message"),
    timestamp: uint(8, 1_764_500_000),
    type: shortString("type"),
    userId: shortString("user"),
    appId: shortString("app"),
    clusterId: shortString("cluster"),
  } as const satisfies Properties;
  const read = {
    contentType: "application/json",
    contentEncoding: "utf-8",
    persistent: true,
    priority: 9,
    correlationId: "correlation",
    replyTo: "reply",
    expirationMs: 1500,
    messageId: "message",
    timestampSeconds: 1_764_500_000,
    type: "type",
    userId: "user",
    appId: "app",
  };
  const names = { persistent: "deliveryMode", expirationMs: "expiration", timestampSeconds: "timestamp" } as const;
  const key = (name: string) => (names as Record<string, string>)[name] ?? name;
  const without = Object.keys(all).map((name) =>
    Object.fromEntries(Object.entries(all).filter(([other]) => other !== name)),
  );
  for (const properties of [all, ...without, ...Object.entries(all).map(([name, bytes]) => ({ [name]: bytes }))]) {
    await connection.push(message(1, properties));
    const [delivery] = deliveries({ ...connection, delivered: connection.delivered.splice(0) });
    const expected = Object.fromEntries(
      Object.entries(read).map(([name, is]) => [name, key(name) in properties ? is : undefined]),
    );
    expect(delivery?.message.properties).toEqual(expected);
    expect(delivery?.message.headers).toEqual("headers" in properties ? { ts_ms: 1_764_500_000_000 } : {});
    expect(delivery?.unreadable).toBeNull();
  }
});

describe("properties that cannot be read are left out and named", () => {
  const table = headerTable(entry("a", text("x")));
  test.each<[string, Buffer, string]>([
    [
      "one that is not UTF-8",
      headerPayload(4, { correlationId: shortString(Buffer.alloc(255, 0xff)) }),
      "correlationId",
    ],
    [
      "one that passes the end",
      headerPayload(4, { headers: table, correlationId: shortString("id", 200) }),
      "correlationId",
    ],
    ["headers that pass the end", headerPayload(4, { headers: headerTable(Buffer.from("a"), 2 ** 32 - 1) }), "headers"],
    [
      "headers that pass the end by one",
      headerPayload(4, { headers: headerTable(entry("a", text("x")), 9) }),
      "headers",
    ],
    ["headers without a length", headerPayload(4, { headers: Buffer.of(0, 0) }), "headers"],
    ["a flag without its property", headerPayload(4, { priority: Buffer.alloc(0) }), "priority"],
    ["half a timestamp", headerPayload(4, { timestamp: Buffer.alloc(4) }), "timestamp"],
    ["a continuation of the flags", headerPayload(4, {}, 1), "flags"],
    ["an unknown flag", headerPayload(4, {}, 2), "flags"],
  ])("%s", async (_what, payload, named) => {
    const connection = await openMemoryConnection();
    const body = frame(3, 1, Buffer.from("body"));
    await connection.push(Buffer.concat([deliverFrame(1, consumerTag, 1), frame(2, 1, payload), body]), message(2, {}));
    expect(connection.faults).toEqual([]);
    const [first, second] = deliveries(connection);
    expect(first?.unreadable).toContain(named);
    expect(second?.unreadable).toBeNull();
  });

  test("a timestamp that a number does not hold exactly is left out, and nothing else", async () => {
    const connection = await openMemoryConnection();
    await connection.push(message(1, { timestamp: Buffer.alloc(8, 0xff), type: shortString("t") }));
    const [delivery] = deliveries(connection);
    expect(delivery?.message.properties).toMatchObject({ timestampSeconds: undefined, type: "t" });
    expect(delivery?.unreadable).toBeNull();
  });
});

test("frames that are split anywhere give the same messages", async () => {
  const bytes = Buffer.concat([
    message(1, { headers: longs, correlationId: shortString("a") }),
    heartbeat,
    message(2, { headers: headerTable(Buffer.concat([entry("deep", nested(70)), entry("z", text("z"))])) }),
    message(
      3,
      { headers: headerTable(entry("raw", sized("x", Buffer.from([0xce, 2, 0, 1, 0xce])))) },
      "\u0002\u0000\u0001",
    ),
  ]);
  const connection = await openMemoryConnection();
  for (let at = 1; at < bytes.length; at += 1) await connection.push(bytes.subarray(0, at), bytes.subarray(at));
  await connection.push(...[...bytes].map((byte) => Buffer.of(byte)));
  expect(connection.faults).toEqual([]);
  const read = deliveries(connection).map(({ message: { headers }, unreadable }) => [
    Object.keys(headers),
    unreadable !== null,
  ]);
  const expected = [
    [["ts_ms"], false],
    [["z", "x-leveret-unread-headers"], true],
    [["raw"], false],
  ];
  expect(read).toEqual(Array.from({ length: bytes.length }, () => expected).flat());
});

test("what is broken in the stream itself is still for amqplib, which ends the connection", async () => {
  const connection = await openMemoryConnection();
  const broken = frame(2, 1, headerPayload(0, {}));
  broken[broken.length - 1] = 0;
  await connection.push(Buffer.concat([deliverFrame(1, consumerTag, 1), broken]));
  expect(connection.faults.map(({ message: said }) => said)).toEqual(["Invalid frame"]);
});

test("a returned message is read as well", async () => {
  const connection = await openMemoryConnection();
  const returned: unknown[] = [];
  connection.channel.on("return", ({ properties }) => returned.push(properties));
  const reason = methodFrame(1, 60, 50, uint(2, 312), shortString("NO_ROUTE"), shortString(""), shortString("nowhere"));
  await connection.push(Buffer.concat([reason, contentFrames(1, { headers: longs }, Buffer.from("x"))]));
  expect(returned).toEqual([expect.objectContaining({ headers: { ts_ms: 1_764_500_000_000 } })]);
});

test.each([[{}], [{ rest: Buffer.alloc(0) }], [{ recvFrame: () => {} }]])(
  "an amqplib that receives otherwise is refused (%o)",
  (connection) => {
    expect(() => guard(connection)).toThrow("cannot be guarded");
  },
);
