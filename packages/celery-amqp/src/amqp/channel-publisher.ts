import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { ConfirmChannel } from "amqplib";
import type { MessageWriter } from "./message-writer.ts";
import { Pending, PendingQueue } from "./pending.ts";
import { cutOff, NACKED, nacked, unroutable, unsendable } from "./publish-errors.ts";
import { returnedBy } from "./returned.ts";

/** Publishes on one channel and never resends on another: publishes without a confirm fail when the channel closes. */
export class ChannelPublisher {
  readonly #channel: ConfirmChannel;
  readonly #queue: string;
  readonly #writer: MessageWriter;
  readonly #inFlight = new PendingQueue();

  /** `queue` is the queue that the channel consumes, for the errors. */
  constructor(channel: ConfirmChannel, queue: string, writer: MessageWriter) {
    this.#channel = channel;
    this.#queue = queue;
    this.#writer = writer;
    channel.on("return", (message) => {
      const entry = returnedBy(message, this.#inFlight);
      if (entry !== null) entry.wasReturned = true;
    });
  }

  /** Rejects as `Delivery.publish` does. */
  publish(message: WireMessage, address: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      const never = Number.POSITIVE_INFINITY;
      this.#write(
        new Pending({ message, address, mandatory: true, deadline: never, timeoutMs: never }, resolve, reject),
      );
    });
  }

  /** The channel has closed. */
  end(): void {
    for (const entry of this.#inFlight.takeAll())
      entry.settle(entry.wasReturned ? unroutable(entry) : cutOff(this.#queue));
  }

  #write(entry: Pending): void {
    this.#inFlight.add(entry);
    try {
      this.#writer.publish(this.#channel, entry, (error) => this.#onConfirm(entry, error));
    } catch (error) {
      this.#inFlight.delete(entry);
      const isClosed = error instanceof Error && error.name === "IllegalOperationError";
      entry.settle(isClosed ? cutOff(this.#queue) : unsendable(error));
    }
  }

  #onConfirm(entry: Pending, error: Error | null): void {
    // "channel closed" is no answer of the broker: `end` rejects the publish.
    if ((error !== null && error.message !== NACKED) || !this.#inFlight.delete(entry)) return;
    if (entry.wasReturned) entry.settle(unroutable(entry));
    else entry.settle(error === null ? null : nacked(entry));
  }
}
