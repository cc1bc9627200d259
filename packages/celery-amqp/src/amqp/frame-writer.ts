import type { Address, WireMessage, WireProperties } from "@leveret/celery-protocol";
import { checkHeaderSize } from "@leveret/celery-protocol/wire";
import { CeleryError } from "../ports/errors.ts";
import type { Chunk } from "./coalesce.ts";
import { FieldWriter, MAX_TABLE_BYTES } from "./field-writer.ts";

/** A message to be published. */
export interface Publish {
  readonly message: WireMessage;
  readonly address: Address;
  readonly mandatory: boolean;
}

const METHOD_FRAME = 1;
const HEADER_FRAME = 2;
const BODY_FRAME = 3;
const FRAME_END = 206;
const END: Buffer = Buffer.of(FRAME_END);
/** Type, channel and size before the payload, the end behind it. */
const FRAME_OVERHEAD = 8;
const BASIC_CLASS = 60;
const PUBLISH_METHOD = 40;

/** Shorter bodies are copied into the chunk, which costs less than a chunk in parts. */
const COPIED_BYTES = 4_096;

/** The longest time to live that RabbitMQ accepts: ten years (`rabbit_misc:check_expiry`, 3.10 to 4.3). */
const MAX_EXPIRATION_MS = 3_650 * 86_400_000;

/** Writes the frames of messages (AMQP 0-9-1, sections 2.3.5 and 4.2.6), byte for byte as amqplib 2.3 does. */
export class FrameWriter {
  readonly #out = new FieldWriter();

  /**
   * The frames of one `basic.publish`. Large bodies are not copied.
   *
   * @param frameMax - the largest frame that the broker accepts
   * @throws CeleryError with code `encode-failed` for a header, property or address that AMQP cannot carry; ProtocolError
   * with code `headers-too-large` for headers larger than a frame
   */
  write({ message, address, mandatory }: Publish, channel: number, frameMax: number): readonly Chunk[] {
    const out = this.#out;
    const { body } = message;
    const most = frameMax - FRAME_OVERHEAD;
    out.begin();
    this.#method(address, mandatory, channel);
    this.#header(message, channel, most);
    if (body.length > Math.min(COPIED_BYTES, most)) return this.#bodyFrames(body, channel, most);
    if (body.length > 0) {
      this.#frameHead(BODY_FRAME, channel);
      out.long(body.length);
      out.copy(body);
      out.octet(FRAME_END);
    }
    return [out.take()];
  }

  #bodyFrames(body: Uint8Array, channel: number, most: number): readonly Chunk[] {
    const out = this.#out;
    const chunks: Chunk[] = [];
    for (let from = 0; from < body.length; from += most) {
      const part = Buffer.from(body.buffer, body.byteOffset + from, Math.min(most, body.length - from));
      this.#frameHead(BODY_FRAME, channel);
      out.long(part.length);
      chunks.push([out.take(), part, END]);
    }
    return chunks;
  }

  #frameHead(type: number, channel: number): void {
    this.#out.octet(type);
    this.#out.short(channel);
  }

  #method({ exchange, routingKey }: Address, mandatory: boolean, channel: number): void {
    const out = this.#out;
    this.#frameHead(METHOD_FRAME, channel);
    const opened = out.open();
    out.short(BASIC_CLASS);
    out.short(PUBLISH_METHOD);
    out.short(0);
    out.shortString("exchange", exchange);
    out.shortString("routing key", routingKey);
    out.octet(mandatory ? 1 : 0);
    out.close(opened);
    out.octet(FRAME_END);
  }

  #header({ headers, properties, body }: WireMessage, channel: number, most: number): void {
    const out = this.#out;
    const { persistent, priority, expirationMs, timestampSeconds } = properties;
    this.#frameHead(HEADER_FRAME, channel);
    const opened = out.open();
    out.short(BASIC_CLASS);
    out.short(0);
    out.longlong(body.length);
    out.short(flagsOf(properties));
    // In the order of the wire.
    this.#text("contentType", properties.contentType);
    this.#text("contentEncoding", properties.contentEncoding);
    const tableBytes = out.table(headers);
    if (persistent !== undefined) out.octet(persistent ? 2 : 1);
    if (priority !== undefined) out.octet(whole("priority", priority, 255));
    this.#text("correlationId", properties.correlationId);
    this.#text("replyTo", properties.replyTo);
    if (expirationMs !== undefined)
      this.#text("expirationMs", String(whole("expirationMs", expirationMs, MAX_EXPIRATION_MS)));
    this.#text("messageId", properties.messageId);
    if (timestampSeconds !== undefined)
      out.longlong(whole("timestampSeconds", timestampSeconds, Number.MAX_SAFE_INTEGER));
    this.#text("type", properties.type);
    this.#text("userId", properties.userId);
    this.#text("appId", properties.appId);
    const mostTable = most - (out.close(opened) - tableBytes);
    if (tableBytes > mostTable) checkHeaderSize(headers, Math.min(mostTable, MAX_TABLE_BYTES));
    out.octet(FRAME_END);
  }

  #text(name: keyof WireProperties, value: string | undefined): void {
    if (value !== undefined) this.#out.shortString(`property ${name}`, value);
  }
}

/** Properties by their bits in a content header. */
const FLAGS: readonly (readonly [keyof WireProperties, number])[] = [
  ["contentType", 0x8000],
  ["contentEncoding", 0x4000],
  ["persistent", 0x1000],
  ["priority", 0x0800],
  ["correlationId", 0x0400],
  ["replyTo", 0x0200],
  ["expirationMs", 0x0100],
  ["messageId", 0x0080],
  ["timestampSeconds", 0x0040],
  ["type", 0x0020],
  ["userId", 0x0010],
  ["appId", 0x0008],
];

/** Headers are always there. */
const HEADERS_FLAG = 0x2000;

function flagsOf(properties: WireProperties): number {
  let flags = HEADERS_FLAG;
  for (const [name, flag] of FLAGS) if (properties[name] !== undefined) flags |= flag;
  return flags;
}

function whole(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new CeleryError("encode-failed", `The property ${name} is ${value}: it must be an integer from 0 to ${max}.`);
}
