import type { Address, HeaderTable, WireMessage } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";

/** A message as a queue keeps it. */
export interface StoredMessage {
  /** The message. */
  readonly message: WireMessage;
  /** Exchange and routing key that the message was published to. */
  readonly address: Address;
  /** Its position in the queue; a requeued message keeps it. */
  readonly sequence: number;
  /** When it expires, epoch milliseconds. */
  readonly expiresAt: number | null;
  /** How often a consumer has had it before. */
  readonly deliveries: number;
}

/** A copy of its own for the broker, as if it had travelled: what an AMQP table cannot hold is dropped or refused. */
export function copyMessage(message: WireMessage): WireMessage {
  return { headers: copyTable(message.headers), properties: { ...message.properties }, body: message.body.slice() };
}

function copyTable(table: HeaderTable): HeaderTable {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, copyValue(name, value)]));
}

function copyValue(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map((member) => copyValue(name, member));
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Date) return new Date(Math.floor(value.getTime() / 1000) * 1000);
  if (typeof value === "object") return copyTable(value as HeaderTable);
  if (typeof value === "function" || typeof value === "symbol") {
    throw new CeleryError(
      "encode-failed",
      `The header "${name}" holds a ${typeof value}, which no AMQP table can carry`,
    );
  }
  return value;
}
