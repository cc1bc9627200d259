import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Place } from "./place.ts";

/** For one attempt to connect. */
const connectTimeoutMs = 10_000;
/** For one command, including its wait for a connection. */
const commandTimeoutMs = 10_000;
/** A connection without an answer for this long is dead. */
const silenceMs = 10_000;
/**
 * An answer after which another connection is needed; before version 7 Redis adds a prefix to the error of a script.
 */
const endsUse = /^(?:ERR Error running script .*-)?READONLY\b|^ERR Protocol error/;
const firstWaitMs = 50;
const longestWaitMs = 2_000;

/**
 * A connection for commands, opened by the first one and reopened indefinitely. Pending commands fail when it breaks
 * and are not repeated; commands sent while it is closed wait for two attempts.
 */
export function commandConnection(place: Place): Redis | Cluster {
  const options: RedisOptions = {
    ...loginTo(place),
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silenceMs,
    lazyConnect: true,
    sentinelRetryStrategy: waitMs,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    retryStrategy: waitMs,
    // After a failover the old primary still answers for a while, as a replica; after a protocol error the connection
    // reads no more.
    reconnectOnError: ({ message }) => endsUse.test(message),
  };
  if (place.kind !== "cluster") return new Redis({ ...options, ...wayTo(place) });
  return new Cluster([...place.nodes], {
    lazyConnect: true,
    clusterRetryStrategy: waitMs,
    slotsRefreshTimeout: commandTimeoutMs,
    redisOptions: { ...options, ...secureness(place) },
  });
}

/**
 * One connection for subscriptions. It is never reopened: the listener opens another, and then reads the results that
 * it missed. In a cluster every node forwards all messages, so any node will do.
 *
 * @param attempt - counts up, to try another node of a cluster each time
 */
export function listeningConnection(place: Place, attempt: number): Redis {
  const options: RedisOptions = {
    ...loginTo(place),
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    lazyConnect: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    sentinelRetryStrategy: () => null,
    retryStrategy: () => null,
  };
  if (place.kind !== "cluster") return new Redis({ ...options, ...wayTo(place) });
  return new Redis({ ...options, ...place.nodes[attempt % place.nodes.length], ...secureness(place) });
}

/** Milliseconds to wait before the next attempt to connect. */
export function waitMs(attempt: number): number {
  return Math.min(firstWaitMs * 2 ** Math.min(attempt, 10), longestWaitMs);
}

function loginTo({ username, password }: Place): RedisOptions {
  return { ...(username !== null && { username }), ...(password !== null && { password }) };
}

function wayTo(place: Exclude<Place, { readonly kind: "cluster" }>): RedisOptions {
  const { db } = place;
  switch (place.kind) {
    case "node":
      return { host: place.host, port: place.port, db, ...secureness(place) };
    case "socket":
      return { path: place.path, db };
    case "sentinel": {
      const { sentinels, master: name, sentinelUsername, sentinelPassword, tls } = place;
      return {
        sentinels: [...sentinels],
        name,
        db,
        ...(sentinelUsername !== null && { sentinelUsername }),
        ...(sentinelPassword !== null && { sentinelPassword }),
        ...(tls !== null && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
      };
    }
  }
}

function secureness({ tls }: Place): RedisOptions {
  return tls === null ? {} : { tls };
}
