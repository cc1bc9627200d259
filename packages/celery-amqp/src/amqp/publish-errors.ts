import { checkHeaderSize, type HeaderTable, ProtocolError, type WireMessage } from "@leveret/celery-protocol";
import { CeleryError, PublishTimeoutError, UnroutableError } from "../ports/errors.ts";
import type { TransportState } from "../ports/transport.ts";
import type { Pending } from "./pending.ts";

/** Its deadline has passed; `state` is the connection's now. */
export function timedOut(entry: Pending, state: TransportState): PublishTimeoutError {
  const reason =
    state === "open" ? "no answer" : state === "blocked" ? "the broker is blocked by an alarm" : "no connection";
  const { answerTimeoutMs, timeoutMs } = entry;
  const waitedMs = answerTimeoutMs !== null && state === "open" ? answerTimeoutMs : timeoutMs;
  return new PublishTimeoutError(waitedMs, reason, entry.wasSent ? "unknown" : "not-sent");
}

/** No queue took it. */
export function unroutable({ address }: Pending): UnroutableError {
  return new UnroutableError(address.exchange, address.routingKey);
}

/** The broker said `basic.nack`. */
export function nacked({ address }: Pending): CeleryError {
  const where = `exchange "${address.exchange}", routing key "${address.routingKey}"`;
  return new CeleryError("publish-nacked", `The broker refused the message (${where}): the queue is full or failing`);
}

/** The text by which amqplib tells a nack from a lost channel. */
export const NACKED = "message nacked";

/** Its channel, which brings what is in a queue, is gone. */
export function cutOff(queue: string): CeleryError {
  return new CeleryError(
    "connection-lost",
    `The channel of queue "${queue}" ended before the broker confirmed the message: it may have arrived`,
  );
}

/** The connection went before the broker's answer, and it must not be sent twice. */
export function interrupted({ address }: Pending): CeleryError {
  return new CeleryError(
    "connection-lost",
    `The connection was lost before the broker confirmed the message to exchange "${address.exchange}": it may have arrived, and is not sent again`,
  );
}

/** There is no room for it to wait. */
export function overloaded(waiting: number): CeleryError {
  return new CeleryError("overloaded", `${waiting} publishes wait already: await some before you send more`);
}

/** What amqplib cannot write, or a frame cannot hold. */
export function unsendable(error: unknown, { headers }: Pick<WireMessage, "headers">): Error {
  if (error instanceof CeleryError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/exceeds the \d+ byte/.test(text)) return unsendable(sizeError(headers), { headers });
  if (error instanceof ProtocolError && error.code === "headers-too-large") {
    return new CeleryError("message-too-large", error.message, { cause: error });
  }
  return new CeleryError("encode-failed", `The message cannot be written: ${text}`, { cause: error });
}

/** amqplib does not say which header is the largest. */
function sizeError(headers: HeaderTable): unknown {
  try {
    checkHeaderSize(headers);
    return new CeleryError("message-too-large", "The headers of the message pass 64 KiB. Shorten them.");
  } catch (error) {
    return error;
  }
}
