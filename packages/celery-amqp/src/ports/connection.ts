import {
  duration,
  millisecondsOf,
  number,
  object,
  oneOf,
  oneOrMany,
  props,
  shape,
  type Shape,
  type Shapes,
  string,
  text,
} from "@leveret/options";
import type { ConnectionOptions } from "node:tls";
import type { Duration } from "./duration.ts";

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
  /** Silence of two intervals ends a connection. Whole seconds, 1 to 300, default 15 s; a `heartbeat` in the URL wins. */
  readonly heartbeat?: Duration;
  /** For one attempt at one address, TCP, TLS and login together. Default 10 s. */
  readonly connectTimeout?: Duration;
  /**
   * For one request to the broker, such as a declare; then the connection counts as dead. So long a declare waits, too, for
   * a queue whose node is down. Default 20 s.
   */
  readonly requestTimeout?: Duration;
  /** For one publish up to its confirm, all resends included. Default 30 s. */
  readonly publishTimeout?: Duration;
  /** No confirm at all for this long, while some are due: the connection counts as dead. Default 10 s. */
  readonly confirmTimeout?: Duration;
  /** For all of `close`. Default 10 s. */
  readonly closeTimeout?: Duration;
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
  /** The first limit. Default 200 ms. */
  readonly min?: Duration;
  /** The last limit. Default 15 s. */
  readonly max?: Duration;
  /** After a connection of at least this time the limit starts again. Default 10 000. */
  readonly stable?: Duration;
}

/** Zero would switch heartbeats off, and a dead connection would never be noticed (amqplib 2.0). */
export const heartbeatShape: Shape = shape(
  'whole seconds as a number from 1 to 300, or a string such as "10s" or "2m"',
  (value) => {
    const ms = millisecondsOf(value);
    return ms !== null && ms % 1_000 === 0 && ms >= 1_000 && ms <= 300_000;
  },
);
/** The longest that Node's timers can wait. */
const time = duration(1, 2 ** 31 - 1);
const limit = props<QueueLimit>({ messages: number(1), bytes: number(1) });

/** The shape of the addresses of a broker. */
export const brokerShape: Shape = oneOrMany(string);

/** The shape of the options of connections. */
export const amqpShapes: Shapes<Omit<AmqpOptions, "url">> = {
  tls: object,
  auth: oneOf("plain", "external"),
  connectionName: text(),
  heartbeat: heartbeatShape,
  connectTimeout: time,
  requestTimeout: time,
  publishTimeout: time,
  confirmTimeout: time,
  closeTimeout: time,
  maxInFlight: limit,
  maxWaiting: limit,
  backoff: props<BackoffOptions>({ min: time, max: time, stable: time }),
};
