import type { HeaderTable, WireMessage, WireProperties } from "@leveret/celery-protocol";
import type { Channel, ConfirmChannel, Options } from "amqplib";
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  bigInt,
  boolean,
  constant,
  date,
  dictionary,
  double,
  integer,
  letrec,
  maxSafeInteger,
  maxSafeNat,
  nat,
  oneof,
  record,
  string,
  uint8Array,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { coalesceWrites } from "../../src/amqp/coalesce.ts";
import { MessageWriter } from "../../src/amqp/message-writer.ts";
import { toFields } from "../../src/amqp/table.ts";
import { openMemoryConnection } from "../support/wire/memory-connection.ts";

interface Sent {
  readonly message: WireMessage;
  readonly address: { readonly exchange: string; readonly routingKey: string };
  readonly mandatory: boolean;
}

/** The bytes that a connection gets for a publish, from ours and from amqplib alone. */
async function openBoth(frameMax?: number) {
  const [ours, theirs] = [await openMemoryConnection({ frameMax }), await openMemoryConnection({ frameMax })];
  coalesceWrites(ours.stream);
  const writer = new MessageWriter(ours.connection);
  return {
    async ours(...sent: readonly Sent[]): Promise<Buffer> {
      for (const one of sent) writer.publish(ours.channel as ConfirmChannel, one, () => {});
      return ours.written();
    },
    async theirs(...sent: readonly Sent[]): Promise<Buffer> {
      for (const one of sent) publishPlainly(theirs.channel, one);
      return theirs.written();
    },
  };
}

function publishPlainly(channel: Channel, { message, address, mandatory }: Sent): void {
  const { persistent, expirationMs, timestampSeconds, ...properties } = message.properties;
  const options = {
    ...properties,
    mandatory,
    headers: toFields(message.headers),
    deliveryMode: persistent === undefined ? undefined : persistent ? 2 : 1,
    expiration: expirationMs,
    timestamp: timestampSeconds,
  } as Options.Publish;
  channel.publish(address.exchange, address.routingKey, Buffer.from(message.body), options);
}

const text = string({ unit: "grapheme", maxLength: 40 });
const short = oneof(text, string({ unit: "binary", maxLength: 60 }), string({ maxLength: 85 }));
const scalar = oneof(
  short,
  string({ minLength: 60, maxLength: 300 }),
  constant(null),
  boolean(),
  integer(),
  maxSafeInteger(),
  double({ noNaN: true, noDefaultInfinity: true }),
  bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint8Array({ maxLength: 20 }),
  date({ min: new Date(0), noInvalidDate: true }),
  constant(undefined),
);
const { value } = letrec((tie) => ({
  value: oneof(
    { depthSize: "small" },
    scalar,
    array(tie("value"), { maxLength: 4 }),
    dictionary(short, tie("value"), { maxKeys: 4 }),
  ),
}));
const headers = dictionary(short, value, { maxKeys: 12 }) as Arbitrary<HeaderTable>;
const properties: Arbitrary<WireProperties> = record(
  {
    contentType: short,
    contentEncoding: short,
    correlationId: short,
    replyTo: short,
    priority: nat(255),
    persistent: boolean(),
    expirationMs: nat(3_650 * 86_400_000),
    messageId: short,
    type: short,
    appId: short,
    userId: short,
    timestampSeconds: maxSafeNat(),
  },
  { requiredKeys: [] },
);
const sent: Arbitrary<Sent> = record({
  message: record({ headers, properties, body: uint8Array({ maxLength: 6_000 }) }),
  address: record({ exchange: short, routingKey: short }),
  mandatory: boolean(),
});

describe("a message is the same bytes as from amqplib", () => {
  test("whatever is in it", async () => {
    const both = await openBoth();
    await assert(
      asyncProperty(array(sent, { minLength: 1, maxLength: 4 }), async (all) => {
        const ours = await both.ours(...all);
        expect(ours.length).toBeGreaterThan(0);
        expect(ours).toEqual(await both.theirs(...all));
      }),
      { numRuns: 300 },
    );
  });

  test.each([4_096, 8_192, 131_072])("with any length of body in frames of %i bytes", async (frameMax) => {
    const both = await openBoth(frameMax);
    const edges = [1, 2, 3].flatMap((frames) => [-1, 0, 1].map((off) => frames * (frameMax - 8) + off));
    for (const length of [0, 1, 4_095, 4_096, 4_097, ...edges, 1_000_000]) {
      const body = Uint8Array.from({ length }, (_, index) => index % 251);
      const one: Sent = {
        message: { headers: { id: "€".repeat(100) }, properties: { persistent: true }, body },
        address: { exchange: "", routingKey: "q" },
        mandatory: true,
      };
      expect((await both.ours(one)).equals(await both.theirs(one))).toBe(true);
    }
  });

  test("where they fill the memory that they share", async () => {
    const both = await openBoth();
    const many = Array.from({ length: 200 }, (_, index): Sent => ({
      message: { headers: { index, text: "x".repeat(index * 10) }, properties: {}, body: Buffer.from(`${index}`) },
      address: { exchange: "", routingKey: "q" },
      mandatory: false,
    }));
    expect((await both.ours(...many)).equals(await both.theirs(...many))).toBe(true);
  });
});

test("frames of channels that publish at once stay whole", async () => {
  const { channel, openChannel, connection, stream, written } = await openMemoryConnection();
  const other = await openChannel();
  await written();
  coalesceWrites(stream);
  const writer = new MessageWriter(connection);
  const one: Sent = {
    message: { headers: {}, properties: {}, body: Buffer.alloc(300_000, 7) },
    address: { exchange: "", routingKey: "q" },
    mandatory: true,
  };
  writer.publish(channel as ConfirmChannel, one, () => {});
  writer.publish(other as ConfirmChannel, one, () => {});
  channel.sendToQueue("other", Buffer.from("amqplib's own"), {});
  const types = new Map<number, number[]>([
    [1, []],
    [2, []],
  ]);
  const bytes = await written();
  for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32BE(at + 3)) {
    expect(bytes[at + 7 + bytes.readUInt32BE(at + 3)]).toBe(206);
    types.get(bytes.readUInt16BE(at + 1))?.push(bytes.readUInt8(at));
  }
  expect([...types.values()]).toEqual([
    [1, 2, 3, 3, 3, 1, 2, 3],
    [1, 2, 3, 3, 3],
  ]);
});

test("a closed channel takes none, as amqplib says", async () => {
  const { channel, connection, written } = await openMemoryConnection();
  const writer = new MessageWriter(connection);
  void channel.close().catch(() => {});
  await written();
  const one: Sent = {
    message: { headers: {}, properties: {}, body: Buffer.from("late") },
    address: { exchange: "", routingKey: "q" },
    mandatory: true,
  };
  expect(() => writer.publish(channel as ConfirmChannel, one, () => {})).toThrow(
    expect.objectContaining({ name: "IllegalOperationError" }),
  );
  expect(await written()).toHaveLength(0);
});

test("an amqplib that sends in another manner is refused", () => {
  expect(() => new MessageWriter({ sendMessage: () => true, channels: [] })).toThrow("cannot be used");
});
