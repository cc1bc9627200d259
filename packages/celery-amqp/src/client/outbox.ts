import type { HeaderTable, TaskMessage, WireProperties } from "@leveret/celery-protocol";
import type { CeleryError } from "../ports/errors.ts";
import type { Prepared } from "../send/dispatch.ts";

/**
 * An encoded message for a row of an outbox table: inserted in the transaction that it belongs to, published later by
 * `relay`. All fields but `body` are plain JSON data, as long as custom headers are.
 */
export interface PreparedMessage {
  /** The task's id. It stays the same when the row is published again. */
  readonly id: string;
  /** Exchange to publish to; empty for the default exchange. */
  readonly exchange: string;
  /** Routing key. */
  readonly routingKey: string;
  /** Queue to declare before the publish; null for none. */
  readonly queue: string | null;
  /** Headers of the message. */
  readonly headers: HeaderTable;
  /** AMQP properties of the message. */
  readonly properties: WireProperties;
  /** Encoded body. */
  readonly body: Uint8Array;
}

/** The outcome of one row. A failed row should be relayed again, unless its error is permanent. */
export type RelayOutcome =
  | { readonly id: string; readonly status: "confirmed" }
  | { readonly id: string; readonly status: "failed"; readonly error: CeleryError };

/** The row of a message. */
export function toRow({ id }: TaskMessage, { message, way }: Prepared): PreparedMessage {
  const { to, queue } = way;
  const { headers, properties, body } = message;
  return { id, ...to, queue, headers, properties, body };
}

/** The message of a row, and its destination. */
export function fromRow(row: PreparedMessage): Prepared {
  const { exchange, routingKey, queue, headers, properties, body } = row;
  return { message: { headers, properties, body }, way: { to: { exchange, routingKey }, queue } };
}
