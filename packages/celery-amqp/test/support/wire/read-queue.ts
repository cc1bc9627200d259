import type { WireMessage } from "@leveret/celery-protocol";
import type { Transport } from "../../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";

/** Takes so many messages out of a queue. */
export async function readQueue(transport: Transport, queue: string, count: number): Promise<readonly WireMessage[]> {
  const messages: WireMessage[] = [];
  const subscription = await transport.subscribe({ queue, prefetch: count }, (delivery) => {
    messages.push(delivery.message);
    delivery.ack();
  });
  await eventually(`${count} messages came from "${queue}"`, () => messages.length >= count);
  await subscription.cancel();
  return messages;
}
