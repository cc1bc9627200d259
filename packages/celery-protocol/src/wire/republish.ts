import type { HeaderTable, WireMessage } from "./message.ts";

/**
 * Headers that a publisher or an exchange reads at the first publish, and headers that the broker writes on a delivery.
 * Published once more, `CC` and `BCC` would route further copies, `x-delay` would delay the message again, and a queue
 * that drops duplicates would take the new message for one; a count belongs to the delivery it was read from.
 * Sources: RabbitMQ "Sender-selected Distribution", rabbitmq-delayed-message-exchange, rabbitmq-message-deduplication,
 * RabbitMQ "Quorum Queues" (`x-delivery-count`, `x-acquired-count`), RabbitMQ "Streams" (`x-stream-offset`).
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

/** Whether a header means the first publish of a message or one delivery of it, and must not be published again. */
export function isOfFirstPublish(header: string): boolean {
  return ofFirstPublish.has(header);
}

/** Whether the broker wrote a header when it dead-lettered the message. Source: RabbitMQ "Dead Letter Exchanges". */
export function isOfDeath(header: string): boolean {
  return /^x-(first-|last-)?death(-|$)/.test(header);
}

/** The headers whose names a predicate does not pick, in their order. */
export function withoutHeaders(headers: HeaderTable, isLeftOut: (header: string) => boolean): HeaderTable {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isLeftOut(name)));
}

/**
 * A delivered message as a program may publish it again. Left out are headers of the first publish, `user-id`, since
 * the broker closes the channel of a user that publishes the name of another (RabbitMQ "Validated User-ID"), and
 * `expiration`: the time to live of the new message would begin anew, and end without a trace.
 */
export function republishable({ headers, properties, body }: WireMessage): WireMessage {
  const { userId: _, expirationMs: __, ...kept } = properties;
  return { headers: withoutHeaders(headers, isOfFirstPublish), properties: kept, body };
}
