import { checkHeaderSize, type WireMessage, type WireProperties } from "@leveret/celery-protocol";
import type { ConsumeMessage, Options } from "amqplib";
import { CeleryError } from "../ports/errors.ts";
import { contentHeaderOf } from "./guard.ts";
import type { SharedFields } from "./shared-fields.ts";
import { checkShort } from "./short-string.ts";

/** A message as amqplib sends it. */
export interface Envelope {
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/**
 * Converts a message to amqplib's options; the headers are valid until the next call. The body is not copied.
 *
 * @param frameMax - the largest frame that the broker accepts; default RabbitMQ's
 * @throws CeleryError with code `encode-failed` for a header or property that AMQP cannot carry; ProtocolError with
 * code `headers-too-large` for headers that a small frame cannot
 */
export function toEnvelope(
  message: WireMessage,
  mandatory: boolean,
  shared: SharedFields,
  frameMax: number = USUAL_FRAME_MAX,
): Envelope {
  const { headers, properties, body } = message;
  const { priority, persistent, expirationMs } = properties;
  assertWhole("priority", priority, 255);
  assertWhole("expirationMs", expirationMs, MAX_EXPIRATION_MS);
  assertWhole("timestampSeconds", properties.timestampSeconds, Number.MAX_SAFE_INTEGER);
  checkShortStrings(properties);
  // amqplib writes headers of 64 KiB at most, which fit the default frame together with all other properties.
  if (frameMax < USUAL_FRAME_MAX) checkHeaderSize(headers, frameMax - sizeBeside(properties));
  // amqplib leaves out what is undefined, though its types do not say so.
  const options = {
    headers: shared.fieldsOf(headers),
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    priority,
    deliveryMode: persistent === undefined ? undefined : persistent ? 2 : 1,
    expiration: expirationMs,
    messageId: properties.messageId,
    type: properties.type,
    appId: properties.appId,
    userId: properties.userId,
    timestamp: properties.timestampSeconds,
    mandatory,
  } as Options.Publish;
  return {
    content: Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    options,
  };
}

/** Converts a delivered message to a `WireMessage`. The body is not copied: it is a view on amqplib's buffer. */
export function fromEnvelope(message: ConsumeMessage): WireMessage {
  const { headers, properties } = contentHeaderOf(message);
  return { headers, properties, body: message.content };
}

const USUAL_FRAME_MAX = 131_072;

/** Frame, class, weight, size of the body, flags, and the properties that have a fixed size. */
const FIXED_SIZE = 60;

/** Size of a header frame without the headers, in bytes. */
function sizeBeside(properties: WireProperties): number {
  let size = FIXED_SIZE;
  for (const value of Object.values(properties)) if (typeof value === "string") size += 1 + Buffer.byteLength(value);
  return size;
}

/** The longest time to live that RabbitMQ accepts: ten years (`rabbit_misc:check_expiry`, 3.10 to 4.3). */
const MAX_EXPIRATION_MS = 3_650 * 86_400_000;

function checkShortStrings(properties: WireProperties): void {
  checkShort("property contentType", properties.contentType);
  checkShort("property contentEncoding", properties.contentEncoding);
  checkShort("property correlationId", properties.correlationId);
  checkShort("property replyTo", properties.replyTo);
  checkShort("property messageId", properties.messageId);
  checkShort("property type", properties.type);
  checkShort("property appId", properties.appId);
  checkShort("property userId", properties.userId);
}

function assertWhole(name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
  throw new CeleryError("encode-failed", `The property ${name} is ${value}: it must be an integer from 0 to ${max}.`);
}
