import { plain } from "@leveret/celery-protocol/wire";

/**
 * The error codes of client, worker and transport.
 *
 * - `option-invalid`: an option or argument is invalid
 * - `arguments-invalid`: arguments or a returned value do not pass the task's schema; the cause is its list of issues
 * - `broker-unreachable`: no broker answered at any address within the deadline
 * - `access-refused`: the broker refused the login (403) or a right is missing on a vhost, queue or exchange
 * - `vhost-missing`: the vhost does not exist
 * - `queue-mismatch`: the queue or exchange exists with other arguments (406)
 * - `not-found`: the queue or exchange does not exist (404)
 * - `unroutable`: the broker routed the message to no queue
 * - `publish-nacked`: the broker refused the message for now (queue full, `reject-publish`)
 * - `publish-refused`: the broker closed the channel because of the message, permanently (another user's `user-id`)
 * - `publish-timeout`: no confirm in time; `outcome` is whether the message may have arrived
 * - `limit-reached`: a limit of the broker on connections, channels, queues or exchanges is reached
 * - `overloaded`: the transport's limit of waiting publishes is reached
 * - `message-too-large`: the message or its header table is larger than a limit
 * - `rpc-timeout`: the broker did not answer a request in time
 * - `connection-lost`: the connection or channel was lost before the answer, or the node of a queue stayed down
 * - `closed`: the client, worker or transport was closed
 * - `task-failed`, `task-revoked`, `result-timeout`: the errors of awaiting a result
 * - `results-disabled`: a result was awaited where results are disabled
 * - `results-unreachable`: the result backend does not answer; a retry may succeed
 * - `results-refused`: the result backend answered, and refused
 * - `result-lost`: the result came and was dropped, since the memory is bounded, or is unreadable
 * - `task-duplicate`: two tasks of one name
 * - `task-unhandled`: a task without a handler was given to a worker
 * - `pool-failed`: child threads or processes cannot be started, or do not answer
 * - `aborted`: the caller's signal was aborted
 * - `worker-state`: an operation that the worker's phase does not allow
 * - `encode-failed`: a value that the serializer or AMQP cannot encode
 * - `chords-unsupported`: a chord, or a group before a step, where results cannot count
 */
export type CeleryErrorCode =
  | "option-invalid"
  | "arguments-invalid"
  | "broker-unreachable"
  | "access-refused"
  | "vhost-missing"
  | "queue-mismatch"
  | "not-found"
  | "unroutable"
  | "publish-nacked"
  | "publish-refused"
  | "publish-timeout"
  | "limit-reached"
  | "overloaded"
  | "message-too-large"
  | "rpc-timeout"
  | "connection-lost"
  | "closed"
  | "task-failed"
  | "task-revoked"
  | "result-timeout"
  | "results-disabled"
  | "results-unreachable"
  | "results-refused"
  | "result-lost"
  | "task-duplicate"
  | "task-unhandled"
  | "pool-failed"
  | "aborted"
  | "worker-state"
  | "encode-failed"
  | "chords-unsupported";

/**
 * The error of this package. The message has what happened, to what, and what to do; it never has a password, and is
 * one line of visible characters, with foreign names escaped.
 */
export class CeleryError extends Error {
  /** Name of the class, for logs. */
  override readonly name: string = "CeleryError";
  /** What happened, for programs. */
  readonly code: CeleryErrorCode;

  constructor(code: CeleryErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(plain(message), options);
    this.code = code;
  }
}

/** No queue took the message; it is not stored anywhere. */
export class UnroutableError extends CeleryError {
  /** Name of the class, for logs. */
  override readonly name = "UnroutableError";
  /** Exchange that the message was published to. */
  readonly exchange: string;
  /** Routing key that no binding matches. */
  readonly routingKey: string;

  constructor(exchange: string, routingKey: string) {
    super(
      "unroutable",
      `No queue takes messages for exchange "${exchange}" with routing key "${routingKey}": declare the queue, or start a worker that does`,
    );
    this.exchange = exchange;
    this.routingKey = routingKey;
  }
}

/** Whether a message that was not confirmed may be in a queue all the same. */
export type PublishOutcome = "unknown" | "not-sent";

/** No confirm came in time. Where `outcome` is `unknown` the message may have arrived: a resend must keep the same id. */
export class PublishTimeoutError extends CeleryError {
  /** Name of the class, for logs. */
  override readonly name = "PublishTimeoutError";
  /** Whether the message may have reached the broker. */
  readonly outcome: PublishOutcome;

  constructor(timeoutMs: number, reason: string, outcome: PublishOutcome) {
    const truth =
      outcome === "not-sent"
        ? "The message was not sent."
        : "The message may have arrived: keep its id where it is sent again.";
    super("publish-timeout", `The broker did not confirm the message within ${timeoutMs} ms (${reason}). ${truth}`);
    this.outcome = outcome;
  }
}

/** What became of the calls of `sendMany` when one of them failed. Code and cause are those of the first failure. */
export class SendManyError extends CeleryError {
  /** Name of the class, for logs. */
  override readonly name = "SendManyError";
  /** Task ids of the calls that the broker confirmed, in the order of their confirms. */
  readonly sent: readonly string[];
  /** Task ids of the calls that may have arrived, or in part, as a canvas of many messages. */
  readonly unknown: readonly string[];
  /** Task ids of the calls that were not sent; a call that failed before it had an id is not among them. */
  readonly notSent: readonly string[];
  /** Calls that were taken from the iterable. The calls behind them were not sent. */
  readonly taken: number;

  constructor(first: unknown, calls: Pick<SendManyError, "sent" | "unknown" | "notSent" | "taken">) {
    const { sent, unknown, notSent, taken } = calls;
    const counts = `${sent.length} of ${taken} calls were sent, ${unknown.length} may have arrived`;
    const code = first instanceof CeleryError ? first.code : "aborted";
    const reason = first instanceof Error ? first.message : String(first);
    super(code, `sendMany stopped: ${reason} (${counts}).`, { cause: first });
    this.sent = sent;
    this.unknown = unknown;
    this.notSent = notSent;
    this.taken = taken;
  }
}
