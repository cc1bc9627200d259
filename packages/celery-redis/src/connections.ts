import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./address.ts";

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
export function commandConnection(address: RedisAddress): Redis | Cluster {
  const options: RedisOptions = {
    ...loginTo(address),
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
  if (address.kind !== "cluster") return new Redis({ ...options, ...wayTo(address) });
  return new Cluster([...address.nodes], {
    lazyConnect: true,
    clusterRetryStrategy: waitMs,
    slotsRefreshTimeout: commandTimeoutMs,
    redisOptions: { ...options, ...secureness(address) },
  });
}

/**
 * One connection for subscriptions. It is never reopened: the listener opens another, and then reads the results that
 * it missed. In a cluster every node forwards all messages, so any node will do.
 *
 * @param attempt - counts up, to try another node of a cluster each time
 */
export function listeningConnection(address: RedisAddress, attempt: number): Redis {
  const options: RedisOptions = {
    ...loginTo(address),
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    lazyConnect: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    sentinelRetryStrategy: () => null,
    retryStrategy: () => null,
  };
  if (address.kind !== "cluster") return new Redis({ ...options, ...wayTo(address) });
  return new Redis({ ...options, ...address.nodes[attempt % address.nodes.length], ...secureness(address) });
}

/** Milliseconds to wait before the next attempt to connect. */
export function waitMs(attempt: number): number {
  return Math.min(firstWaitMs * 2 ** Math.min(attempt, 10), longestWaitMs);
}

function loginTo({ username, password }: RedisAddress): RedisOptions {
  return { ...(username !== null && { username }), ...(password !== null && { password }) };
}

function wayTo(address: Exclude<RedisAddress, { readonly kind: "cluster" }>): RedisOptions {
  const { db } = address;
  switch (address.kind) {
    case "node":
      return { host: address.host, port: address.port, db, ...secureness(address) };
    case "socket":
      return { path: address.path, db };
    case "sentinel": {
      const { sentinels, master: name, sentinelUsername, sentinelPassword, tls } = address;
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

function secureness({ tls }: RedisAddress): RedisOptions {
  return tls === null ? {} : { tls };
}
