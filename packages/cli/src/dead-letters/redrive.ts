import { CeleryError, type Delivery, type Transport } from "@leveret/celery-amqp";
import { type DeadLetter, revived } from "./dead-letter.ts";
import { ackLost } from "./sift.ts";

/** The outcome of one dead letter. */
export type Redriven = { readonly moved: true } | { readonly moved: false; readonly reason: string };

/**
 * Redrives a dead letter to its original queue, or to another: published and confirmed first, then acked, so that a
 * program killed in between leaves it in both queues, never in none. An unroutable dead letter stays, and so does one
 * with unreadable headers.
 *
 * @throws CeleryError `connection-lost` and other errors that are not of this message
 */
export async function redrive(
  transport: Transport,
  delivery: Delivery,
  letter: DeadLetter,
  to: string | undefined,
): Promise<Redriven> {
  if (isIncomplete(delivery)) return { moved: false, reason: incomplete };
  try {
    await transport.publisher.publish(revived(delivery.message), { exchange: "", routingKey: to ?? letter.queue });
  } catch (error) {
    if (!(error instanceof CeleryError) || !itsOwnFault.has(error.code)) throw error;
    return { moved: false, reason: error.message };
  }
  if (!delivery.ack()) throw ackLost(delivery.queue);
  return { moved: true };
}

const incomplete = "Some of its headers are unreadable, and its task would run without them.";

/** Whether the message lost headers that the worker could not read: it has their bytes in a header. */
function isIncomplete({ unreadable, message }: Delivery): boolean {
  return unreadable !== null || "x-leveret-unread-headers" in message.headers;
}

const itsOwnFault: ReadonlySet<string> = new Set([
  "unroutable",
  "publish-nacked",
  "publish-refused",
  "message-too-large",
]);
