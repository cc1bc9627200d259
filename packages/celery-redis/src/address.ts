import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { CeleryError } from "@leveret/celery-amqp";
import { ProtocolError } from "@leveret/celery-protocol";
import { readServiceUrl, type ServiceUrl, unquote } from "@leveret/celery-protocol/wire";
import { integer, isObject, list, props, refusalOf, string, text } from "@leveret/options";

/** TLS options for `node:tls`. */
export type RedisTls = Pick<
  ConnectionOptions,
  "ca" | "cert" | "key" | "passphrase" | "servername" | "rejectUnauthorized" | "checkServerIdentity"
>;

/** A node's address. */
export interface RedisNode {
  /** Host name or IP address. */
  readonly host: string;
  /** Default 6379, of a sentinel 26379. */
  readonly port?: number;
}

/** Redis behind Sentinel: the sentinels name the current primary. */
export interface RedisSentinel {
  /** Addresses of the sentinels. */
  readonly sentinels: readonly RedisNode[];
  /** Name of the primary that the sentinels monitor. Celery: `master_name`. */
  readonly master: string;
  /** User name. Default none. */
  readonly username?: string;
  /** Password. Default none. */
  readonly password?: string;
  /** User name at the sentinels. Default none. */
  readonly sentinelUsername?: string;
  /** Password at the sentinels. Default none. */
  readonly sentinelPassword?: string;
  /** Default 0. */
  readonly db?: number;
}

/** Redis Cluster: some of its nodes, from which the others are discovered. Celery has no such backend. */
export interface RedisCluster {
  /** Addresses of some nodes. */
  readonly cluster: readonly RedisNode[];
  /** User name. Default none. */
  readonly username?: string;
  /** Password. Default none. */
  readonly password?: string;
}

/** Address and login of Redis. */
export type RedisAddress = { readonly tls: RedisTls | null } & Login &
  (
    | { readonly kind: "node"; readonly host: string; readonly port: number; readonly db: number }
    | { readonly kind: "socket"; readonly path: string; readonly db: number }
    | {
        readonly kind: "sentinel";
        readonly sentinels: readonly Required<RedisNode>[];
        readonly master: string;
        readonly sentinelUsername: string | null;
        readonly sentinelPassword: string | null;
        readonly db: number;
      }
    | { readonly kind: "cluster"; readonly nodes: readonly Required<RedisNode>[] }
  );

interface Login {
  readonly username: string | null;
  readonly password: string | null;
}

const nodeList = list(props<RedisNode>({ "host*": text("a host"), port: integer(1, 65_535) }), {
  least: 1,
  wanted: "a list with at least one node",
});
const clusterShape = props<RedisCluster>({ "cluster*": nodeList, username: string, password: string });
const sentinelShape = props<RedisSentinel>({
  "sentinels*": nodeList,
  "master*": text("the primary's name"),
  username: string,
  password: string,
  sentinelUsername: string,
  sentinelPassword: string,
  db: integer(0),
});

const redisPort = 6379;
const sentinelPort = 26_379;

/**
 * Reads an address: a URL as Celery's `result_backend` has it, or an object for Sentinel and Cluster.
 *
 * @throws CeleryError `option-invalid`; no part of a URL's login is shown
 */
export function readAddress(where: string | RedisSentinel | RedisCluster, tls: RedisTls | null): RedisAddress {
  if (typeof where === "string") return urlPlace(where, tls);
  const message = refusalOf(
    isObject(where) && "cluster" in where ? clusterShape : sentinelShape,
    where,
    "redisResults",
  );
  if (message !== null) throw new CeleryError("option-invalid", message);
  const login = { username: where.username ?? null, password: where.password ?? null, tls };
  if ("cluster" in where) return { kind: "cluster", nodes: nodesOf(where.cluster, redisPort), ...login };
  return {
    kind: "sentinel",
    sentinels: nodesOf(where.sentinels, sentinelPort),
    master: where.master,
    sentinelUsername: where.sentinelUsername ?? null,
    sentinelPassword: where.sentinelPassword ?? null,
    db: where.db ?? 0,
    ...login,
  };
}

/** The address for logs and errors, without the password. */
export function describeAddress(address: RedisAddress): string {
  switch (address.kind) {
    case "node":
      return `${address.host}:${address.port}`;
    case "socket":
      return address.path;
    case "sentinel":
      return `primary "${address.master}" of sentinels ${address.sentinels.map(describeNode).join(", ")}`;
    case "cluster":
      return `cluster of ${address.nodes.map(describeNode).join(", ")}`;
  }
}

function describeNode({ host, port }: Required<RedisNode>): string {
  return `${host}:${port}`;
}

const parameterNames = ["db", "virtual_host", "ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"];
const form = {
  noun: "URL",
  schemes: ["redis", "rediss", "redis+socket", "socket"],
  example: "redis://user:password@host:6379/0",
};

function urlPlace(url: string, tls: RedisTls | null): RedisAddress {
  const { scheme, user, password, host, port, path, parameters } = parsed(url);
  if (parameters.some(([name]) => !parameterNames.includes(name)))
    throw invalid(`the URL has a parameter that is not known: known are ${parameterNames.join(", ")}`);
  const given = new Map(parameters);
  const login = { username: user, password: password?.reveal() ?? null };
  if (scheme === "redis+socket" || scheme === "socket") {
    const db = database(given.get("virtual_host") ?? given.get("db") ?? 0);
    return { kind: "socket", path: unquote(path), db, ...login, tls: null };
  }
  const isSecure = scheme === "rediss";
  const named = tlsOf(given);
  if (!isSecure && (tls !== null || named !== null))
    throw invalid("certificates are given, but the URL starts with redis://, which is not encrypted: write rediss://");
  const db = database(given.get("db") ?? (path.replaceAll("/", "") || 0));
  const where = { host: host || "localhost", port: port ?? redisPort, db };
  return { kind: "node", ...where, ...login, tls: isSecure ? { ...named, ...tls } : null };
}

function parsed(url: string): ServiceUrl {
  try {
    return readServiceUrl(url, form);
  } catch (error) {
    throw error instanceof ProtocolError ? invalid(error.message) : error;
  }
}

/** The TLS options in Celery's URLs. Source: celery/backends/redis.py `_params_from_url`. */
function tlsOf(parameters: ReadonlyMap<string, string>): RedisTls | null {
  const [demand, ca, cert, key] = ["ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"].map((name) =>
    parameters.get(name),
  );
  if (!demand && !ca && !cert && !key) return null;
  return {
    ...(demand && { rejectUnauthorized: !/none$/i.test(demand) }),
    ...(ca && { ca: fileOf("ssl_ca_certs", ca) }),
    ...(cert && { cert: fileOf("ssl_certfile", cert) }),
    ...(key && { key: fileOf("ssl_keyfile", key) }),
  };
}

function fileOf(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CeleryError("option-invalid", `redisResults: ${parameter} names ${path}, which cannot be read`, {
      cause,
    });
  }
}

function nodesOf(nodes: readonly RedisNode[], port: number): readonly Required<RedisNode>[] {
  return nodes.map((node) => ({ host: node.host, port: node.port ?? port }));
}

function database(value: unknown): number {
  const db = Number(value);
  if (Number.isInteger(db) && db >= 0) return db;
  throw invalid("the database must be an integer from 0");
}

function invalid(what: string): CeleryError {
  return new CeleryError("option-invalid", `redisResults: ${what}`);
}
