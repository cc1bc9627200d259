import type { ConnectionOptions } from "node:tls";
import { CeleryError } from "../ports/errors.ts";
import { type BrokerAddress, parseAddresses } from "./address.ts";

/** Addresses of a broker, and timeouts. Times are milliseconds where the name ends in `Ms`. */
export interface AmqpOptions {
  /**
   * `amqp://user:password@host:5672/vhost`, `amqps://…` for TLS; several, as a list or with `;` between, are tried in
   * turn, in an order drawn anew for each transport so that clients are distributed over a cluster.
   */
  readonly url: string | readonly string[];
  /** Certificates and the like, handed to `node:tls`; only with `amqps://`. */
  readonly tls?: ConnectionOptions;
  /** `plain` sends user and password (default); `external` lets the broker take the user from the TLS certificate. */
  readonly auth?: "plain" | "external";
  /** What the broker's management shows. Default `leveret`. */
  readonly connectionName?: string;
  /** Silence of two intervals ends a connection. Seconds, 1 to 300, default 15; a `heartbeat` in the URL wins. */
  readonly heartbeatSeconds?: number;
  /** For one attempt at one address, TCP, TLS and login together. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /**
   * For one request to the broker, such as a declare; then the connection counts as dead. So long a declare waits, too, for
   * a queue whose node is down. Default 20 000.
   */
  readonly rpcTimeoutMs?: number;
  /** For one publish up to its confirm, all resends included. Default 30 000. */
  readonly publishTimeoutMs?: number;
  /** No confirm at all for this long, while some are due: the connection counts as dead. Default 10 000. */
  readonly confirmTimeoutMs?: number;
  /** For all of `close`. Default 10 000. */
  readonly closeTimeoutMs?: number;
  /** Messages sent and not yet confirmed; more wait for capacity. Default 1 000 messages, 16 MB. */
  readonly maxInFlight?: QueueLimit;
  /**
   * Messages that wait for capacity or for the broker; more are refused with code `overloaded`. Default 100 000, 128
   * MB.
   */
  readonly maxWaiting?: QueueLimit;
  /** Pauses between attempts. */
  readonly backoff?: BackoffOptions;
}

/** Whichever is reached first. */
export interface QueueLimit {
  readonly messages?: number;
  readonly bytes?: number;
}

/** Full jitter: each pause is a random part of a limit that doubles (AWS Architecture Blog, 2015). */
export interface BackoffOptions {
  /** The first limit. Default 200. */
  readonly minMs?: number;
  /** The last limit. Default 15 000. */
  readonly maxMs?: number;
  /** After a connection of at least this time the limit starts again. Default 10 000. */
  readonly stableMs?: number;
}

/** The same, complete and checked. */
export interface ResolvedAmqp {
  readonly addresses: readonly BrokerAddress[];
  readonly tls: ConnectionOptions;
  readonly auth: "plain" | "external";
  readonly connectionName: string;
  readonly heartbeatSeconds: number;
  readonly connectTimeoutMs: number;
  readonly rpcTimeoutMs: number;
  readonly publishTimeoutMs: number;
  readonly confirmTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly maxInFlight: Required<QueueLimit>;
  readonly maxWaiting: Required<QueueLimit>;
  readonly backoff: Required<BackoffOptions>;
}

/** @throws CeleryError with code `option-invalid`, naming the option. */
export function resolveAmqp(options: AmqpOptions): ResolvedAmqp {
  const addresses = parseAddresses(options.url);
  assertTlsIsUsed(options, addresses);
  return {
    addresses,
    tls: options.tls ?? {},
    auth: oneOf("auth", options.auth ?? "plain", ["plain", "external"]),
    connectionName: options.connectionName ?? "leveret",
    heartbeatSeconds: heartbeat(options.heartbeatSeconds ?? 15, addresses),
    connectTimeoutMs: duration("connectTimeoutMs", options.connectTimeoutMs ?? 10_000),
    rpcTimeoutMs: duration("rpcTimeoutMs", options.rpcTimeoutMs ?? 20_000),
    publishTimeoutMs: duration("publishTimeoutMs", options.publishTimeoutMs ?? 30_000),
    confirmTimeoutMs: duration("confirmTimeoutMs", options.confirmTimeoutMs ?? 10_000),
    closeTimeoutMs: duration("closeTimeoutMs", options.closeTimeoutMs ?? 10_000),
    maxInFlight: limit("maxInFlight", { messages: 1000, bytes: 16_000_000, ...options.maxInFlight }),
    maxWaiting: limit("maxWaiting", { messages: 100_000, bytes: 128_000_000, ...options.maxWaiting }),
    backoff: backoff({ minMs: 200, maxMs: 15_000, stableMs: 10_000, ...options.backoff }),
  };
}

function assertTlsIsUsed(options: AmqpOptions, addresses: readonly BrokerAddress[]): void {
  const isPlain = addresses.some(({ tls }) => !tls);
  if (options.tls !== undefined && isPlain) {
    throw invalid("tls", "is given, but a URL starts with amqp://, which is not encrypted: write amqps://");
  }
  if (options.auth === "external" && isPlain)
    throw invalid("auth", '"external" needs amqps:// and a certificate in tls');
}

/** Zero would switch heartbeats off, and a dead connection would never be noticed (amqplib 2.0). */
function heartbeat(seconds: number, addresses: readonly BrokerAddress[]): number {
  const asked = addresses.find((address) => address.heartbeatSeconds !== null)?.heartbeatSeconds ?? seconds;
  if (Number.isInteger(asked) && asked >= 1 && asked <= 300) return asked;
  throw invalid("heartbeatSeconds", "must be an integer from 1 to 300; heartbeats cannot be switched off");
}

function duration(name: string, ms: number): number {
  if (Number.isFinite(ms) && ms > 0 && ms <= MAX_TIMER_MS) return ms;
  throw invalid(name, `must be a number of milliseconds above 0 and at most ${MAX_TIMER_MS}`);
}

/** The longest that Node's timers can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function limit(name: string, { messages, bytes }: Required<QueueLimit>): Required<QueueLimit> {
  return { messages: atLeastOne(`${name}.messages`, messages), bytes: atLeastOne(`${name}.bytes`, bytes) };
}

function atLeastOne(name: string, value: number): number {
  if (typeof value === "number" && value >= 1) return value;
  throw invalid(name, "must be a number of at least 1");
}

function backoff({ minMs, maxMs, stableMs }: Required<BackoffOptions>): Required<BackoffOptions> {
  duration("backoff.minMs", minMs);
  duration("backoff.maxMs", maxMs);
  duration("backoff.stableMs", stableMs);
  if (minMs <= maxMs) return { minMs, maxMs, stableMs };
  throw invalid("backoff.minMs", "must not be above backoff.maxMs");
}

function oneOf<const T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw invalid(name, `must be one of ${allowed.map((text) => `"${text}"`).join(", ")}`);
}

function invalid(name: string, rule: string): CeleryError {
  return new CeleryError("option-invalid", `The option ${name} ${rule}`);
}
