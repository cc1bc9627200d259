import { CeleryError } from "../ports/errors.ts";
import { type BrokerAddress, describeAddress } from "./address.ts";

/** The broker's reply text, without the words that amqplib adds. */
export function brokerText(error: unknown): string {
  if (error instanceof CeleryError && error.cause !== undefined) return brokerText(error.cause);
  const text = error instanceof Error ? error.message : String(error);
  return /with message "(.*)"$/s.exec(text)?.[1] ?? text;
}

/** The reply code of AMQP (section 1.2, constants); null where the error came from the socket. */
export function replyCode(error: unknown): number | null {
  if (error instanceof CeleryError) return replyCode(error.cause);
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "number" ? code : null;
}

/**
 * Whether a connection was lost for a reason of the broker, so that the same request may succeed on the next one: the
 * socket broke, the node is stopped (320), or a queue has no leader (541, RabbitMQ 4.3 after the leader died).
 */
export function isBlameless(error: unknown): boolean {
  const code = replyCode(error);
  return code === null || code === 320 || (code === 541 && /noproc|nodedown|noconnection/.test(brokerText(error)));
}

/** The failure of one attempt to connect. `isFinal`: a retry cannot succeed without a change of the configuration. */
export interface DialFailure {
  readonly isFinal: boolean;
  readonly error: CeleryError;
}

/** Why an attempt at `address` failed. */
export function dialFailure(cause: unknown, address: BrokerAddress): DialFailure {
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = describeAddress(address);
  if (/ACCESS[-_]REFUSED/.test(text)) {
    const hint = "Check user and password (guest may only log in from the broker's own host).";
    return refused("access-refused", `The broker refused the login: ${where} (403). ${hint}`, cause);
  }
  if (limit.test(text)) {
    const message = `The broker refused the connection: a limit is reached at ${where} (${text}). Raise the limit, or close connections.`;
    return { isFinal: false, error: new CeleryError("limit-reached", message, { cause }) };
  }
  if (/NOT_ALLOWED - (?:access to vhost|vhost access)/.test(text)) {
    const message = `The broker refused the vhost to the user: "${address.vhost}" (${where}). Give the user permissions on it.`;
    return refused("access-refused", message, cause);
  }
  // Over TLS the reply text of the broker's close is unknown.
  const isUnexplained = /Expected ConnectionOpenOk; got <ConnectionClose/.test(text);
  if (isUnexplained || /NOT_ALLOWED - vhost .*not found/.test(text)) {
    const hint = isUnexplained
      ? "Create it, give the user permissions on it, or raise a connection limit that is reached."
      : "Create it.";
    return refused("vhost-missing", `The broker refused the vhost: "${address.vhost}" (${where}). ${hint}`, cause);
  }
  const message = `No broker answers: ${where} (${reason(cause)}). Start one, or check the broker URL.`;
  return { isFinal: false, error: new CeleryError("broker-unreachable", message, { cause }) };
}

/** All addresses failed: one error that names each. */
export function unreachable(failures: readonly DialFailure[]): CeleryError {
  const [first] = failures;
  const messages = [...new Set(failures.map(({ error }) => error.message))].join(" ");
  const isLimit = failures.every(({ error }) => error.code === "limit-reached");
  if (first !== undefined && isLimit) return new CeleryError("limit-reached", messages, { cause: first.error.cause });
  return new CeleryError("broker-unreachable", messages, { cause: first?.error.cause });
}

/** The error of a failed request to the broker, by its reply code. `what` is the request: `declare queue "celery"`. */
export function requestFailure(cause: unknown, what: string): CeleryError {
  if (cause instanceof CeleryError) return cause;
  const text = brokerText(cause);
  if (cause instanceof TypeError || cause instanceof RangeError) {
    return new CeleryError("option-invalid", `The request is invalid: ${what} (${text}). Correct the option.`, {
      cause,
    });
  }
  switch (replyCode(cause)) {
    case 403:
      return new CeleryError(
        "access-refused",
        `The broker refused the request: ${what} (${text}). Give the user the permission.`,
        {
          cause,
        },
      );
    case 404:
      return new CeleryError(
        "not-found",
        `The broker did not find it: ${what} (${text}). Declare it first, or start the service that declares it.`,
        { cause },
      );
    case 405:
      return new CeleryError(
        "access-refused",
        `Another connection has exclusive access: ${what} (${text}). Stop that process, or give this one another name.`,
        { cause },
      );
    case 406:
      return preconditionFailure(cause, what, text);
    default:
      if (limit.test(text)) return limitReached(cause, what, text);
      return new CeleryError("connection-lost", `The connection was lost: ${what} (${text}). Try again.`, { cause });
  }
}

/**
 * RabbitMQ's reply text for a limit that is reached: of connections or channels (530), or of queues or exchanges (406),
 * per user, vhost, node or cluster (`rabbit_reader`, `rabbit_channel`, `rabbit_vhost_limit`, `rabbit_amqqueue`; 3.10 to
 * 4.3).
 */
const limit = /limit .*is reached|reached the maximum allowed|limit of .* reached|No channels left/;

/** `queue-mismatch` only where the queue or exchange exists and differs. */
function preconditionFailure(cause: unknown, what: string, text: string): CeleryError {
  if (limit.test(text)) return limitReached(cause, what, text);
  const code = /invalid (?:arg|property)|unknown (?:exchange type|queue type)/.test(text)
    ? "option-invalid"
    : "queue-mismatch";
  const message = mismatch(text) ?? `The broker refused the request: ${what} (${text}). Correct the declaration.`;
  return new CeleryError(code, message, { cause });
}

function limitReached(cause: unknown, what: string, text: string): CeleryError {
  return new CeleryError("limit-reached", `A limit of the broker is reached: ${what} (${text}). Raise the limit.`, {
    cause,
  });
}

/**
 * RabbitMQ's reply text with 404 for a queue that exists and is unavailable (`rabbit_amqqueue`, 3.10 to 4.3): the node
 * of a classic queue is down, stops or starts, or the queue's process is restarting.
 */
const away =
  /is down or inaccessible|process is stopped by supervisor|has crashed and failed to restart|due to timeout|may be stopping or being demoted/;

/** Whether a queue exists and is unavailable: its node is down for now. */
export function isQueueAway(error: unknown): boolean {
  return (
    error instanceof CeleryError &&
    (error.code === "not-found" || error.code === "connection-lost") &&
    away.test(brokerText(error.cause))
  );
}

/** Converts the error of an unavailable queue to a transient `connection-lost`. Returns other errors unchanged. */
export function passingIfQueueAway(error: unknown): unknown {
  return isQueueAway(error) ? new CeleryError("connection-lost", brokerText(error), { cause: error }) : error;
}

/** The argument in which a declaration differs from the existing queue or exchange, from the broker's reply text. */
export function differingArgument(error: unknown): string | null {
  return /inequivalent arg '([^']+)'/.exec(brokerText(error))?.[1] ?? null;
}

/** The reason of a loss, for log lines and `onLost`. */
export function lossReason(cause: unknown): CeleryError {
  if (cause instanceof CeleryError) return cause;
  const text = brokerText(cause);
  const explained = /delivery acknowledgement on channel .* timed out/.test(text)
    ? `a delivery was unsettled for longer than the broker's consumer_timeout (${text}). Raise consumer_timeout above the longest task, or ack such tasks early.`
    : reason(cause);
  return new CeleryError("connection-lost", explained, { cause });
}

function mismatch(text: string): string | null {
  const found = /inequivalent arg '([^']+)' for (\w+) '([^']*)'.*: received (.*) but current is (.*)$/s.exec(text);
  if (found === null) return null;
  const [, argument, kind, name, asked, existing] = found;
  return `The ${kind} exists with another ${argument}: "${name}" (existing: ${existing}, declared: ${asked}). Declare it the same, or passively.`;
}

function refused(code: "access-refused" | "vhost-missing", message: string, cause: unknown): DialFailure {
  return { isFinal: true, error: new CeleryError(code, message, { cause }) };
}

/** Node's connect errors to several addresses of one name have an empty message. */
function reason(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map((error) => reason(error)).join(", ");
  return brokerText(cause);
}
