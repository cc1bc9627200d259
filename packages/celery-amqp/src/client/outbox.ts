import type { HeaderTable, TaskMessage, WireProperties } from "@leveret/celery-protocol";
import type { CeleryError } from "../ports/errors.ts";
import type { Prepared } from "../send/dispatch.ts";

/**
 * A finished message for a row of an outbox table: written in the transaction of what it follows from, published later
 * by `relay`. All of it but `body` is plain data for JSON, as long as custom headers are.
 */
export interface PreparedMessage {
  /** The task's id. It stays the same however often the row is published. */
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** Queue to declare before; null for none. */
  readonly queue: string | null;
  readonly headers: HeaderTable;
  readonly properties: WireProperties;
  readonly body: Uint8Array;
}

/** What became of one row. A failed one is to be tried again, unless its error says that it never can succeed. */
export type RelayOutcome =
  | { readonly id: string; readonly status: "confirmed" }
  | { readonly id: string; readonly status: "failed"; readonly error: CeleryError };

/** The row of a message. */
export function toRow({ id }: TaskMessage, { message, way }: Prepared): PreparedMessage {
  const { to, queue } = way;
  const { headers, properties, body } = message;
  return { id, ...to, queue, headers, properties, body };
}

/** The message of a row, and its way. */
export function fromRow(row: PreparedMessage): Prepared {
  const { exchange, routingKey, queue, headers, properties, body } = row;
  return { message: { headers, properties, body }, way: { to: { exchange, routingKey }, queue } };
}
