import {
  expirationMs as lifetimeOf,
  type HeaderTable,
  type WireMessage,
  type WireProperties,
} from "@leveret/celery-protocol";
import type { CeleryError } from "../ports/errors.ts";
import type { Outgoing } from "../send/outgoing.ts";
import type { Way } from "../send/dispatch.ts";

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
  /** When the broker may drop the message, for the task expires then: epoch milliseconds, or null. */
  readonly expiresAt: number | null;
}

/** What became of one row. A failed one is to be tried again, unless its error says that it never can succeed. */
export type RelayOutcome =
  | { readonly id: string; readonly status: "confirmed" }
  | { readonly id: string; readonly status: "failed"; readonly error: CeleryError };

/** The row of a message. */
export function toRow({ message, way }: Outgoing, { headers, properties, body }: WireMessage): PreparedMessage {
  const { to, queue } = way;
  const expiresAt = properties.expirationMs === undefined ? null : (message.expires?.epochMs ?? null);
  return { id: message.id, ...to, queue, headers, properties, body, expiresAt };
}

/** The message of a row, with what is left of its time to live. */
export function fromRow(row: PreparedMessage, now: number): { readonly message: WireMessage; readonly way: Way } {
  const { exchange, routingKey, queue, headers, body, expiresAt } = row;
  const expirationMs = expiresAt === null ? undefined : lifetimeOf({ epochMs: expiresAt }, now);
  const message = { headers, properties: { ...row.properties, expirationMs }, body };
  return { message, way: { to: { exchange, routingKey }, queue } };
}
