import type { WireMessage } from "@leveret/celery-protocol";
import type { BrowseOptions } from "../ports/transport.ts";
import type { MemoryBroker, MemoryPeer } from "./memory-broker.ts";

/** What browsing needs of its transport. */
export interface MemoryBrowseParts {
  readonly broker: MemoryBroker;
  readonly peer: MemoryPeer;
  /** Called with the reason when the connection ends. */
  readonly interrupts: Set<(reason: Error) => void>;
}

/** Reads a queue from its head and gives all of it back. Null: there is none. Rejects when the connection ends meanwhile. */
export async function browseMemory(
  { queue, messageIds, count = 0 }: BrowseOptions,
  { broker, peer, interrupts }: MemoryBrowseParts,
): Promise<readonly WireMessage[] | null> {
  if (!broker.hasQueue(queue)) return null;
  const { promise, resolve, reject } = Promise.withResolvers<readonly WireMessage[] | null>();
  const messages: WireMessage[] = [];
  const missing = new Set(messageIds);
  const endIfDone = (): void => {
    if (missing.size === 0 && messages.length >= count) resolve(messages);
  };
  const take = (message: WireMessage): void => {
    messages.push(message);
    if (message.properties.messageId !== undefined) missing.delete(message.properties.messageId);
    endIfDone();
  };
  endIfDone();
  interrupts.add(reject);
  const consumer = broker.consume(queue, peer, {
    prefetch: 0,
    noAck: false,
    exclusive: false,
    priority: 0,
    onMessage: ({ message }) => take(message),
    onCancelled: () => resolve(null),
  });
  try {
    return await promise;
  } finally {
    interrupts.delete(reject);
    broker.release(consumer, peer);
  }
}
