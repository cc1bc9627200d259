import { CeleryError, type Delivery, type Transport } from "@leveret/celery-amqp";
import { type DeadLetter, revived } from "./dead-letter.ts";
import { ackLost } from "./sift.ts";

/** What became of one dead letter. */
export type Redriven = { readonly moved: true } | { readonly moved: false; readonly reason: string };

/**
 * Brings a dead letter back to the queue it came from, or to another: published and confirmed first, then acked, so that a
 * program killed between the two leaves it in both places and never in none. Where nobody takes it, it stays dead.
 *
 * @throws CeleryError `connection-lost` and all else that is no fault of this message
 */
export async function redrive(
  transport: Transport,
  delivery: Delivery,
  letter: DeadLetter,
  to: string | undefined,
): Promise<Redriven> {
  try {
    await transport.publisher.publish(revived(delivery.message), { exchange: "", routingKey: to ?? letter.queue });
  } catch (error) {
    if (!(error instanceof CeleryError) || !itsOwnFault.has(error.code)) throw error;
    return { moved: false, reason: error.message };
  }
  if (!delivery.ack()) throw ackLost(delivery.queue);
  return { moved: true };
}

const itsOwnFault: ReadonlySet<string> = new Set([
  "unroutable",
  "publish-nacked",
  "publish-refused",
  "message-too-large",
]);
