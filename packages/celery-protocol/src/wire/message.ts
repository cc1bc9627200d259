/**
 * A header table of a message. Values are those of AMQP 0-9-1 field tables (section 4.2.5.5): strings, numbers, bigint,
 * booleans, null, bytes, arrays and nested tables. Untrusted.
 */
export type HeaderTable = Readonly<Record<string, unknown>>;

/** The basic properties that Celery uses (AMQP 0-9-1, class basic). An absent one stays absent on the wire. */
export interface WireProperties {
  /** MIME type of the body after decompression, for example `application/json`. */
  readonly contentType?: string | undefined;
  /** Charset of a body of text (`utf-8`), or `binary`. */
  readonly contentEncoding?: string | undefined;
  /** The task id, on task and result messages. */
  readonly correlationId?: string | undefined;
  /** Name of the queue that awaits results. */
  readonly replyTo?: string | undefined;
  /** 0 to 255; Celery documents 0 to 9. */
  readonly priority?: number | undefined;
  /** True is delivery mode 2, false is delivery mode 1; absent leaves the property out. */
  readonly persistent?: boolean | undefined;
  /** Time to live in the queue, whole milliseconds; on the wire a decimal string. */
  readonly expirationMs?: number | undefined;
  /** AMQP message-id. */
  readonly messageId?: string | undefined;
  /** AMQP type. */
  readonly type?: string | undefined;
  /** AMQP app-id. */
  readonly appId?: string | undefined;
  /** AMQP user-id. */
  readonly userId?: string | undefined;
  /** Whole seconds since the epoch. */
  readonly timestampSeconds?: number | undefined;
}

/** A message of the broker: headers, properties and the bytes of a body. */
export interface WireMessage {
  /** AMQP headers. */
  readonly headers: HeaderTable;
  /** AMQP properties. */
  readonly properties: WireProperties;
  /** Body as received. */
  readonly body: Uint8Array;
}

/** The address of a message: an exchange and a routing key. The default exchange is the empty name. */
export interface Address {
  /** Name of the exchange; empty for the default exchange. */
  readonly exchange: string;
  /** Routing key. */
  readonly routingKey: string;
}
