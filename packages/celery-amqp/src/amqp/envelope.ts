import type { HeaderTable, WireMessage, WireProperties } from "@leveret/celery-protocol";
import type { ConsumeMessage, MessageProperties, Options } from "amqplib";
import { CeleryError } from "../ports/errors.ts";
import type { SharedFields } from "./shared-fields.ts";
import { fromFields } from "./table.ts";

/** A message as amqplib sends it. */
export interface Envelope {
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/**
 * A message in amqplib's terms, with headers that are valid until the next call. The body is not copied.
 *
 * @throws CeleryError with code `encode-failed` for a header or property that AMQP cannot carry.
 */
export function toEnvelope(message: WireMessage, mandatory: boolean, shared: SharedFields): Envelope {
  const { headers, properties, body } = message;
  const { priority, persistent, expirationMs } = properties;
  assertWhole("priority", priority, 255);
  assertWhole("expirationMs", expirationMs, MAX_EXPIRATION_MS);
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

/** A delivered message in our terms. The body is not copied: it is a view on what came from the socket. */
export function fromEnvelope({ content, properties }: ConsumeMessage): WireMessage {
  return { headers: headersOf(properties), properties: propertiesOf(properties), body: content };
}

/** RabbitMQ's limit of a time to live. */
const MAX_EXPIRATION_MS = 2 ** 32 - 1;

function headersOf({ headers }: MessageProperties): HeaderTable {
  return headers === undefined ? {} : fromFields(headers);
}

function propertiesOf(from: MessageProperties): WireProperties {
  return {
    contentType: text(from.contentType),
    contentEncoding: text(from.contentEncoding),
    correlationId: text(from.correlationId),
    replyTo: text(from.replyTo),
    priority: from.priority,
    persistent: from.deliveryMode === undefined ? undefined : from.deliveryMode === 2,
    expirationMs: milliseconds(from.expiration),
    messageId: text(from.messageId),
    type: text(from.type),
    appId: text(from.appId),
    userId: text(from.userId),
    timestampSeconds: from.timestamp,
  };
}

/** amqplib's types promise less than its decoder: what is absent is undefined. */
function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The broker checks that it is a whole number in decimal. */
function milliseconds(expiration: unknown): number | undefined {
  return typeof expiration === "string" && /^\d+$/.test(expiration) ? Number(expiration) : undefined;
}

function assertWhole(name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
  throw new CeleryError(
    "encode-failed",
    `The property ${name} is ${value}: it must be a whole number from 0 to ${max}`,
  );
}
