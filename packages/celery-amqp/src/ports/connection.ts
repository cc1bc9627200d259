import {
  integer,
  number,
  object,
  oneOf,
  oneOrMany,
  props,
  type Shape,
  type Shapes,
  string,
  text,
} from "@leveret/options";
import type { ConnectionOptions } from "node:tls";

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
  /** Messages. */
  readonly messages?: number;
  /** Bytes of their bodies. */
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

/** Zero would switch heartbeats off, and a dead connection would never be noticed (amqplib 2.0). */
export const heartbeatShape: Shape = integer(1, 300);
/** The longest that Node's timers can wait. */
const ms = integer(1, 2 ** 31 - 1);
const limit = props<QueueLimit>({ messages: number(1), bytes: number(1) });

/** The shape of the addresses of a broker. */
export const brokerShape: Shape = oneOrMany(string);

/** The shape of the options of connections. */
export const amqpShapes: Shapes<Omit<AmqpOptions, "url">> = {
  tls: object,
  auth: oneOf("plain", "external"),
  connectionName: text(),
  heartbeatSeconds: heartbeatShape,
  connectTimeoutMs: ms,
  rpcTimeoutMs: ms,
  publishTimeoutMs: ms,
  confirmTimeoutMs: ms,
  closeTimeoutMs: ms,
  maxInFlight: limit,
  maxWaiting: limit,
  backoff: props<BackoffOptions>({ minMs: ms, maxMs: ms, stableMs: ms }),
};
