import type { HeaderTable, WireMessage } from "./message.ts";

/**
 * Headers that an exchange reads at the first publish, and headers that the broker sets on a delivery. Republished,
 * `CC` and `BCC` would route further copies, `x-delay` would delay the message again, and a deduplicating queue would
 * drop it; a count belongs to its delivery. Sources: RabbitMQ "Sender-selected Distribution",
 * rabbitmq-delayed-message-exchange, rabbitmq-message-deduplication, RabbitMQ "Quorum Queues" (`x-delivery-count`,
 * `x-acquired-count`), RabbitMQ "Streams" (`x-stream-offset`).
 */
const ofFirstPublish: ReadonlySet<string> = new Set([
  "CC",
  "BCC",
  "x-delay",
  "x-deduplication-header",
  "x-delivery-count",
  "x-acquired-count",
  "x-stream-offset",
]);

/** Whether a header belongs to the first publish of a message or to one delivery of it, and must not be republished. */
export function isOfFirstPublish(header: string): boolean {
  return ofFirstPublish.has(header);
}

/** Whether the broker set a header when it dead-lettered the message. Source: RabbitMQ "Dead Letter Exchanges". */
export function isOfDeath(header: string): boolean {
  return /^x-(first-|last-)?death(-|$)/.test(header);
}

/** The headers without those that a predicate selects, in their order. */
export function withoutHeaders(headers: HeaderTable, isLeftOut: (header: string) => boolean): HeaderTable {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isLeftOut(name)));
}

/**
 * Converts a delivered message to one that a program may republish. Removes headers of the first publish; `user-id`,
 * since the broker closes the channel of a user that publishes another user's name (RabbitMQ "Validated User-ID"); and
 * `expiration`, since the time to live would start again, and the message would be dropped silently.
 */
export function republishable({ headers, properties, body }: WireMessage): WireMessage {
  const { userId: _, expirationMs: __, ...kept } = properties;
  return { headers: withoutHeaders(headers, isOfFirstPublish), properties: kept, body };
}
