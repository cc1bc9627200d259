import { uint } from "./fields.ts";

/** Properties of a content header by their flag (AMQP 0-9-1, section 4.2.6.1), in the order of the wire. */
export const flags = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
  type: 0x0020,
  userId: 0x0010,
  appId: 0x0008,
  clusterId: 0x0004,
} as const;

/** The bytes of each property that is there. */
export type Properties = Readonly<Partial<Record<keyof typeof flags, Buffer>>>;

export function shortString(content: string | Buffer, length?: number): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([uint(1, length ?? bytes.length), bytes]);
}

/** A header table with its length, which may be another than the true one. */
export function headerTable(content: Buffer, length: number = content.length): Buffer {
  return Buffer.concat([uint(4, length), content]);
}

export function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), uint(2, channel), uint(4, payload.length), payload, Buffer.of(0xce)]);
}

export function methodFrame(channel: number, classId: number, methodId: number, ...fields: readonly Buffer[]): Buffer {
  return frame(1, channel, Buffer.concat([uint(2, classId), uint(2, methodId), ...fields]));
}

/** The payload of a content header frame. */
export function headerPayload(bodySize: number, properties: Properties, extraFlags = 0): Buffer {
  const names = (Object.keys(flags) as (keyof Properties)[]).filter((name) => properties[name] !== undefined);
  const said = names.reduce((bits, name) => bits | flags[name], extraFlags);
  const fields = names.map((name) => properties[name] ?? Buffer.alloc(0));
  return Buffer.concat([uint(2, 60), uint(2, 0), uint(8, bodySize), uint(2, said), ...fields]);
}

/** Content header and body; the body in frames of at most `frameMax` bytes. */
export function contentFrames(channel: number, properties: Properties, body: Buffer, frameMax = 131_072): Buffer {
  const frames = [frame(2, channel, headerPayload(body.length, properties))];
  for (let at = 0; at < body.length; at += frameMax - 8)
    frames.push(frame(3, channel, body.subarray(at, at + frameMax - 8)));
  return Buffer.concat(frames);
}

/** `basic.deliver`, as a broker sends it. */
export function deliverFrame(channel: number, consumerTag: string, deliveryTag: number, routingKey = "celery"): Buffer {
  return methodFrame(
    channel,
    60,
    60,
    shortString(consumerTag),
    uint(8, deliveryTag),
    Buffer.of(0),
    shortString(""),
    shortString(routingKey),
  );
}

/** `basic.publish`, as a client sends it. */
export function publishFrame(channel: number, exchange: string, routingKey: string): Buffer {
  return methodFrame(channel, 60, 40, uint(2, 0), shortString(exchange), shortString(routingKey), Buffer.of(0));
}
