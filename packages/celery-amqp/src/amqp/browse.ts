import type { WireMessage } from "@leveret/celery-protocol";
import type { Channel, ConsumeMessage } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { BrowseOptions } from "../ports/transport.ts";
import { within } from "./deadline.ts";
import { fromEnvelope } from "./envelope.ts";
import { passingIfQueueAway, requestFailure } from "./errors.ts";
import type { Link, RequestLimit } from "./link.ts";
import { endOf } from "./supervise.ts";

/** How long a reader waits for its turn and for the messages it wants. */
const patienceMs = 60_000;

/**
 * Reads a queue from its head on a channel of its own, which is then closed with all deliveries open. A classic queue
 * requeues the messages in order before it serves the next consumer (RabbitMQ 3.10 and 4.3, rabbit_amqqueue_process
 * `handle_ch_down`); cancelling first and requeueing after would let the next consumer see gaps.
 *
 * @throws CeleryError `rpc-timeout`, `access-refused`, `connection-lost` also while the queue's node is down
 */
export async function browseQueue(
  link: Link,
  options: BrowseOptions,
  clock: Clock,
  limit?: RequestLimit,
): Promise<readonly WireMessage[] | null> {
  try {
    for (;;) {
      const messages = await readOnce(link, options, clock, limit);
      if (messages !== null) return messages;
    }
  } catch (error) {
    const failure = passingIfQueueAway(error);
    if (failure instanceof CeleryError && failure.code === "not-found") return null;
    throw failure;
  }
}

/** Null: the broker cancelled the consumer, since the queue was deleted or moved. */
async function readOnce(
  link: Link,
  options: BrowseOptions,
  clock: Clock,
  limit: RequestLimit | undefined,
): Promise<readonly WireMessage[] | null> {
  const what = `read queue "${options.queue}"`;
  const channel = await link.openChannel(limit);
  const ended = endOf(channel, link);
  const close = closer(channel, link, limit);
  const reading = new Reading(options);
  try {
    const consume = () => channel.consume(options.queue, (message) => reading.take(message), { noAck: false });
    await link.request(what, consume, limit);
    const late = () => new CeleryError("rpc-timeout", `The messages did not come in time: ${what}. Try again.`);
    const outcome = await within(clock, patienceMs, Promise.race([reading.over, ended]), late);
    if (outcome instanceof Error) throw requestFailure(outcome, what);
    return outcome === "read" ? reading.messages : null;
  } finally {
    await close();
  }
}

/** The messages read so far. */
class Reading {
  readonly messages: WireMessage[] = [];
  readonly over: Promise<"read" | "cancelled">;
  readonly #missing: Set<string>;
  readonly #count: number;
  readonly #end: (how: "read" | "cancelled") => void;

  constructor({ messageIds, count = 0 }: BrowseOptions) {
    const { promise, resolve } = Promise.withResolvers<"read" | "cancelled">();
    this.over = promise;
    this.#end = resolve;
    this.#missing = new Set(messageIds);
    this.#count = count;
    this.#endIfDone();
  }

  take(envelope: ConsumeMessage | null): void {
    if (envelope === null) return this.#end("cancelled");
    const message = fromEnvelope(envelope);
    this.messages.push(message);
    if (message.properties.messageId !== undefined) this.#missing.delete(message.properties.messageId);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#missing.size === 0 && this.messages.length >= this.#count) this.#end("read");
  }
}

/** Closes the channel once: amqplib treats a second close as a connection error. */
function closer(channel: Channel, link: Link, limit: RequestLimit | undefined): () => Promise<void> {
  let isOpen = true;
  const onEnd = (): void => void (isOpen = false);
  channel.on("error", onEnd);
  channel.on("close", onEnd);
  return async () => {
    if (isOpen && !link.isLost) await link.request("close a channel", () => channel.close(), limit).catch(() => {});
  };
}
