import { ProtocolError } from "@leveret/celery-protocol";
import { CeleryError, PublishTimeoutError, UnroutableError } from "../ports/errors.ts";
import type { TransportState } from "../ports/transport.ts";
import type { Pending } from "./pending.ts";

/** The deadline has passed; `state` is that of the connection. */
export function timedOut(entry: Pending, state: TransportState): PublishTimeoutError {
  const reason =
    state === "open" ? "no answer" : state === "blocked" ? "the broker is blocked by an alarm" : "no connection";
  const { answerTimeoutMs, timeoutMs } = entry;
  const waitedMs = answerTimeoutMs !== null && state === "open" ? answerTimeoutMs : timeoutMs;
  return new PublishTimeoutError(waitedMs, reason, entry.wasSent ? "unknown" : "not-sent");
}

/** The broker routed the message to no queue. */
export function unroutable({ address }: Pending): UnroutableError {
  return new UnroutableError(address.exchange, address.routingKey);
}

/** The broker sent `basic.nack`. */
export function nacked({ address }: Pending): CeleryError {
  const where = `exchange "${address.exchange}", routing key "${address.routingKey}"`;
  return new CeleryError(
    "publish-nacked",
    `The broker refused the message: ${where} (basic.nack). The queue is full or failing: let it drain, or raise its limit.`,
  );
}

/** amqplib's error message for a nack, unlike that for a lost channel. */
export const NACKED = "message nacked";

/** The channel, which consumes the queue, closed before the confirm. */
export function cutOff(queue: string): CeleryError {
  return new CeleryError(
    "connection-lost",
    `The channel closed before the broker confirmed the message: queue "${queue}". The message may have arrived.`,
  );
}

/** The connection was lost before the confirm, and the message must not be sent twice. */
export function interrupted({ address }: Pending): CeleryError {
  return new CeleryError(
    "connection-lost",
    `The connection was lost before the broker confirmed the message: exchange "${address.exchange}". The message may have arrived and is not sent again.`,
  );
}

/** The limit of waiting publishes is reached. */
export function overloaded(waiting: number): CeleryError {
  return new CeleryError(
    "overloaded",
    `Too many publishes wait: the limit is reached (${waiting}). Await some before sending more.`,
  );
}

/** The message cannot be written, or a frame is too small for it. */
export function unsendable(error: unknown): Error {
  if (error instanceof CeleryError) return error;
  if (error instanceof ProtocolError && error.code === "headers-too-large") {
    return new CeleryError("message-too-large", error.message, { cause: error });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new CeleryError("encode-failed", `The message cannot be written: ${text}.`, { cause: error });
}
