import { CeleryError } from "../ports/errors.ts";
import { type BrokerAddress, describeAddress } from "./address.ts";

/** What the broker said, without amqplib's words around it. */
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
 * Whether a connection went for a reason that lies in the broker, so that the same request may do on the next one: the
 * socket broke, the node is stopped (320), or it finds a queue without a leader (541, RabbitMQ 4.3 after one has died).
 */
export function isBlameless(error: unknown): boolean {
  const code = replyCode(error);
  return code === null || code === 320 || (code === 541 && /noproc|nodedown|noconnection/.test(brokerText(error)));
}

/** The failure of one attempt to connect. `isFinal`: asking again without a change elsewhere is of no use. */
export interface DialFailure {
  readonly isFinal: boolean;
  readonly error: CeleryError;
}

/** Why an attempt at `address` failed. */
export function dialFailure(cause: unknown, address: BrokerAddress): DialFailure {
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = describeAddress(address);
  if (/ACCESS[-_]REFUSED/.test(text)) {
    const hint = "check user and password (guest may only log in from the broker's own host)";
    return refused("access-refused", `The broker at ${where} refused the login: ${hint}`, cause);
  }
  if (limit.test(text)) {
    const message = `The broker refused the connection: a limit is reached at ${where} (${text}). Raise the limit, or close other connections.`;
    return { isFinal: false, error: new CeleryError("limit-reached", message, { cause }) };
  }
  if (/NOT_ALLOWED - (?:access to vhost|vhost access)/.test(text)) {
    const message = `The broker refused the vhost "${address.vhost}" to the user (${where}). Give the user permissions there.`;
    return refused("access-refused", message, cause);
  }
  // Over TLS the text of the broker's close is not known.
  const isUnexplained = /Expected ConnectionOpenOk; got <ConnectionClose/.test(text);
  if (isUnexplained || /NOT_ALLOWED - vhost .*not found/.test(text)) {
    const hint = isUnexplained
      ? "Create it, give the user permissions there, or look for a connection limit that is reached."
      : "Create it.";
    return refused("vhost-missing", `The broker refused the vhost "${address.vhost}" (${where}). ${hint}`, cause);
  }
  const message = `No broker answers at ${where} (${reason(cause)})`;
  return { isFinal: false, error: new CeleryError("broker-unreachable", message, { cause }) };
}

/** All addresses failed: one error that names each. */
export function unreachable(failures: readonly DialFailure[]): CeleryError {
  const [first] = failures;
  const messages = failures.map(({ error }) => error.message).join("; ");
  const isLimit = failures.every(({ error }) => error.code === "limit-reached");
  if (first !== undefined && isLimit) return new CeleryError("limit-reached", messages, { cause: first.error.cause });
  const hint = "start one, or check the broker URL";
  return new CeleryError("broker-unreachable", `${messages}: ${hint}`, { cause: first?.error.cause });
}

/** The failure of a request to the broker, said in our codes. `what` is the request: `declare queue "celery"`. */
export function requestFailure(cause: unknown, what: string): CeleryError {
  if (cause instanceof CeleryError) return cause;
  const text = brokerText(cause);
  if (cause instanceof TypeError || cause instanceof RangeError) {
    return new CeleryError("option-invalid", `Cannot ${what}: ${text}`, { cause });
  }
  switch (replyCode(cause)) {
    case 403:
      return new CeleryError("access-refused", `The broker refused to ${what}: ${text}: give the user the right`, {
        cause,
      });
    case 404:
      return new CeleryError(
        "not-found",
        `Cannot ${what}: ${text}: declare it first, or start the service that declares it`,
        { cause },
      );
    case 405:
      return new CeleryError(
        "access-refused",
        `Cannot ${what}: another connection has it exclusively, as that of a process of the same name has (${text})`,
        { cause },
      );
    case 406:
      return preconditionFailure(cause, what, text);
    default:
      if (limit.test(text)) return limitReached(cause, what, text);
      return new CeleryError("connection-lost", `The connection went away during ${what} (${text})`, { cause });
  }
}

/**
 * What RabbitMQ says where a limit is reached: of connections or channels (530), or of queues or exchanges (406), per user,
 * vhost, node or cluster (`rabbit_reader`, `rabbit_channel`, `rabbit_vhost_limit`, `rabbit_amqqueue`; 3.10 to 4.3).
 */
const limit = /limit .*is reached|reached the maximum allowed|limit of .* reached|No channels left/;

/** `queue-mismatch` only where something exists and differs. */
function preconditionFailure(cause: unknown, what: string, text: string): CeleryError {
  if (limit.test(text)) return limitReached(cause, what, text);
  const code = /invalid (?:arg|property)|unknown (?:exchange type|queue type)/.test(text)
    ? "option-invalid"
    : "queue-mismatch";
  return new CeleryError(code, `Cannot ${what}: ${mismatch(text)}`, { cause });
}

function limitReached(cause: unknown, what: string, text: string): CeleryError {
  return new CeleryError(
    "limit-reached",
    `Cannot ${what}: a limit of the broker is reached (${text}). Raise the limit.`,
    {
      cause,
    },
  );
}

/**
 * What RabbitMQ says with 404 of a queue that is there and cannot be reached for now (`rabbit_amqqueue`, 3.10 to 4.3): the
 * node of a classic queue is down, or stops or starts, or its process is between two lives.
 */
const away =
  /is down or inaccessible|process is stopped by supervisor|has crashed and failed to restart|due to timeout|may be stopping or being demoted/;

/** Whether a queue is there and out of reach: it comes back. */
export function isQueueAway(error: unknown): boolean {
  return (
    error instanceof CeleryError &&
    (error.code === "not-found" || error.code === "connection-lost") &&
    away.test(brokerText(error.cause))
  );
}

/** What passes, where a queue is out of reach: it comes back. Anything else is given as it is. */
export function passingIfQueueAway(error: unknown): unknown {
  return isQueueAway(error) ? new CeleryError("connection-lost", brokerText(error), { cause: error }) : error;
}

/** The argument in which a declaration differs from what exists, from the broker's text. */
export function differingArgument(error: unknown): string | null {
  return /inequivalent arg '([^']+)'/.exec(brokerText(error))?.[1] ?? null;
}

/** Why something was lost, for log lines and `onLost`. */
export function lossReason(cause: unknown): CeleryError {
  if (cause instanceof CeleryError) return cause;
  const text = brokerText(cause);
  const explained = /delivery acknowledgement on channel .* timed out/.test(text)
    ? `a delivery was held longer than the broker's consumer_timeout allows (${text}). Raise consumer_timeout above the longest task, or ack such tasks early`
    : reason(cause);
  return new CeleryError("connection-lost", `Lost: ${explained}`, { cause });
}

function mismatch(text: string): string {
  const found = /inequivalent arg '([^']+)' for (\w+) '([^']*)'.*: received (.*) but current is (.*)$/s.exec(text);
  if (found === null) return text;
  const [, argument, kind, name, asked, existing] = found;
  return `the ${kind} "${name}" exists with ${argument} ${existing}, asked for was ${asked}: declare it the same, or passively`;
}

function refused(code: "access-refused" | "vhost-missing", message: string, cause: unknown): DialFailure {
  return { isFinal: true, error: new CeleryError(code, message, { cause }) };
}

/** Node's connect errors to several addresses of one name have an empty message. */
function reason(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map((error) => reason(error)).join(", ");
  return brokerText(cause);
}
