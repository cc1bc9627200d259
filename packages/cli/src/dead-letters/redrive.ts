import { CeleryError, type Delivery, type Transport } from "@leveret/celery-amqp";
import { type DeadLetter, revived } from "./dead-letter.ts";
import { ackLost } from "./sift.ts";

/** What became of one dead letter. */
export type Redriven = { readonly moved: true } | { readonly moved: false; readonly reason: string };

/**
 * Brings a dead letter back to the queue it came from, or to another: published and confirmed first, then acked, so that a
 * program killed between the two leaves it in both places and never in none. A dead letter that no queue takes stays dead,
 * and so does one with unreadable headers.
 *
 * @throws CeleryError `connection-lost` and all else that is no fault of this message
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

const incomplete = "Not all of its headers could be read, and its task would run without them.";

/** The header holds the bytes of headers that were left out of a message, since the worker could not read them. */
function isIncomplete({ unreadable, message }: Delivery): boolean {
  return unreadable !== null || "x-leveret-unread-headers" in message.headers;
}

const itsOwnFault: ReadonlySet<string> = new Set([
  "unroutable",
  "publish-nacked",
  "publish-refused",
  "message-too-large",
]);
