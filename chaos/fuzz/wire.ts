import { isDeepStrictEqual } from "node:util";
import { AmqpDelivery, type Settling } from "../../packages/celery-amqp/src/amqp/delivery.ts";
import { toFields } from "../../packages/celery-amqp/src/amqp/table.ts";
import { contentFrames, deliverFrame, frame, headerTable, shortString } from "@leveret/test-support/wire/frames";
import { consumerTag, openMemoryConnection } from "../../packages/celery-amqp/test/support/wire/memory-connection.ts";
import { createRandom, type Random } from "../programs/random.ts";
import { createWireHeaders, type WireHeaders } from "./wire-headers.ts";

/** What came of many messages. */
export interface WireFigures {
  readonly read: number;
  /** Delivered with the word that not all could be read. */
  readonly unreadable: number;
  readonly defects: readonly string[];
}

/** Messages that come in one piece of the stream, before it is split. */
const BATCH = 50;
const MOST_CHUNKS = 6;
const heartbeat = frame(8, 0, Buffer.alloc(0));

/** Feeds frames with headers of every kind to amqplib's own connection behind the guard, split anywhere. */
export async function fuzzWire(count: number, seed: number): Promise<WireFigures> {
  const random = createRandom(seed);
  const headers = createWireHeaders(random);
  const connection = await openMemoryConnection();
  const defects: string[] = [];
  let [read, unreadable] = [0, 0];
  for (let first = 0; first < count; first += BATCH) {
    const sent = Array.from({ length: Math.min(BATCH, count - first) }, () => headers());
    const bodies = sent.map(() => Buffer.alloc(random.pick([0, 1, 10, 5_000]), 0xce));
    const frames = sent.map((each, index) => message(first + index, each, bodies[index] ?? Buffer.alloc(0), random));
    await connection.push(...split(Buffer.concat(frames), random));
    const delivered = connection.delivered.splice(0);
    if (connection.faults.length > 0)
      return { read, unreadable, defects: [...defects, ...connection.faults.map(String)] };
    if (delivered.length !== sent.length)
      defects.push(`${delivered.length} of ${sent.length} came after message ${first}`);
    for (const [index, each] of delivered.entries()) {
      const delivery = new AmqpDelivery(each, {} as Settling);
      const of = sent[index];
      if (of !== undefined) defects.push(...judge(delivery, each.fields.deliveryTag, first + index, of, bodies[index]));
      if (delivery.unreadable === null) read += 1;
      else unreadable += 1;
    }
  }
  return { read, unreadable, defects };
}

function message(tag: number, { bytes }: WireHeaders, body: Buffer, random: Random): Buffer {
  const properties = {
    contentType: shortString("application/json"),
    headers: headerTable(bytes),
    correlationId: shortString(`${tag}`),
    ...(random.next() < 0.5 ? { appId: shortString("app") } : {}),
  };
  const beat = random.next() < 0.05 ? [heartbeat] : [];
  return Buffer.concat([deliverFrame(1, consumerTag, tag), ...beat, contentFrames(1, properties, body, 4096)]);
}

function split(bytes: Buffer, random: Random): readonly Buffer[] {
  const cuts = Array.from({ length: random.between(0, MOST_CHUNKS - 1) }, () => random.between(0, bytes.length));
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index] ?? 0, end));
}

function judge(
  delivery: AmqpDelivery,
  tag: number,
  number: number,
  sent: WireHeaders,
  body?: Buffer,
): readonly string[] {
  const { message: got, unreadable } = delivery;
  const defects: string[] = [];
  const defect = (what: string): void => void defects.push(`message ${number} (${sent.kind}): ${what}`);
  if (tag !== number || got.properties.correlationId !== `${number}`) defect("came instead of another");
  if (body?.equals(got.body) === false) defect("has another body");
  if (sent.says === null && unreadable === null) defect("is taken for whole");
  if (typeof sent.says === "object" && sent.says !== null) {
    if (unreadable !== null) defect(`is not read: ${unreadable}`);
    else if (!isDeepStrictEqual(got.headers, sent.says)) defect("differs");
  }
  try {
    toFields(got.headers);
  } catch (error) {
    defect(`cannot be written again: ${String(error)}`);
  }
  return defects;
}
