import type { Message } from "amqplib";
import { contentHeaderOf } from "./guard.ts";
import type { Pending } from "./pending.ts";

/**
 * The publish that the broker has returned. `basic.return` has no delivery tag, so it is the oldest equal message in
 * flight; equal messages have the same address, and so are all unroutable.
 */
export function returnedBy(message: Message, inFlight: Iterable<Pending>): Pending | null {
  for (const entry of inFlight) if (isSame(message, entry)) return entry;
  return null;
}

function isSame(returned: Message, entry: Pending): boolean {
  const { fields, content } = returned;
  const { address, mandatory, message, wasReturned } = entry;
  const { properties } = contentHeaderOf(returned);
  return (
    mandatory &&
    !wasReturned &&
    address.exchange === fields.exchange &&
    address.routingKey === fields.routingKey &&
    properties.correlationId === message.properties.correlationId &&
    properties.messageId === message.properties.messageId &&
    content.equals(message.body)
  );
}
