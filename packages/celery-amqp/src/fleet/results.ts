import { createRequire } from "node:module";
import { join } from "node:path";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { ResultBackend } from "../results/backend.ts";

/**
 * Results by name: `rpc` (Celery's reply queues, one a client), `amqp` (one queue a task, as gocelery and celery-node),
 * `disabled` or false for none, or the URL of a backend: `redis://host:6379/0`.
 */
export type ResultsOption =
  | "rpc"
  | "amqp"
  | "disabled"
  | false
  | `${"rpc" | "redis" | "rediss" | "redis+socket"}://${string}`;

/** The environment variable that is the default of the option `results`. */
const variable = "CELERY_RESULT_BACKEND";
const wanted = "Give rpc://, amqp, redis://host:6379/0 or disabled";
const names: ReadonlyMap<string, "rpc" | "amqp" | false> = new Map<string, "rpc" | "amqp" | false>([
  ["rpc", "rpc"],
  ["amqp", "amqp"],
  ["none", false],
  ["disabled", false],
]);

/**
 * Reads a result backend as Celery writes it: a URL, or the name of a backend alone. No part of it but its scheme is ever
 * shown. Source: celery/app/backends.py `BACKEND_ALIASES`, `by_url`.
 *
 * @param source - the option or variable, for errors
 * @throws CeleryError `option-invalid` for a backend that does not exist here
 */
export function readResults(backend: string, source: string): "rpc" | "amqp" | false | `redis${string}` {
  const [, scheme = "", address] = /^([a-z][a-z0-9+.-]*)(?::\/\/(.*))?$/is.exec(backend) ?? [];
  const kind = scheme.toLowerCase();
  if (["redis", "rediss", "redis+socket"].includes(kind)) return `${kind}://${address ?? ""}` as `redis${string}`;
  if (kind === "sentinel")
    throw invalid(
      source,
      kind,
      "Give redisResults({ sentinels, master }) of @leveret/celery-redis: the URL names no primary",
    );
  const named = names.get(kind);
  // A backend without an address may be a password.
  if (named === undefined) throw invalid(source, address === undefined ? "no URL" : kind, wanted);
  if (address !== undefined && address !== "")
    throw invalid(source, kind, `Give ${kind} alone: it has no address of its own`);
  return named;
}

/** The result backend that the environment names; undefined without one. */
export function resultsFromEnvironment(): string | undefined {
  return process.env[variable] || undefined;
}

/**
 * The results of a client or worker: its own object, or what its option or the environment names.
 *
 * @throws CeleryError `option-invalid`, also where a URL names Redis and `@leveret/celery-redis` is not installed
 */
export function openResults<Own extends object>(
  given: ResultsOption | Own | undefined,
  logger: Logger,
): "rpc" | "amqp" | false | Own | ResultBackend {
  if (given === false || typeof given === "object") return given;
  const environment = given === undefined ? resultsFromEnvironment() : undefined;
  const place = readResults(given ?? environment ?? "rpc", environment === undefined ? "results" : variable);
  return typeof place === "string" && place.startsWith("redis")
    ? redisResults(place, logger)
    : (place as "rpc" | "amqp" | false);
}

interface RedisPackage {
  redisResults(url: string, options: { readonly logger: Logger }): ResultBackend;
}

/** celery-redis stands on this package, so it is no dependency: it is found beside this package, or by the program. */
function redisResults(url: string, logger: Logger): ResultBackend {
  const name = "@leveret/celery-redis";
  const places = [import.meta.url, process.argv[1], join(process.cwd(), "package.json")];
  for (const place of places) {
    const load = place === undefined ? null : createRequire(place);
    if (load === null || !isFound(load, name)) continue;
    if (!process.features.require_module)
      throw new CeleryError(
        "option-invalid",
        `Node.js too old: results by URL (${process.version}). Give redisResults(url).`,
      );
    return (load(name) as RedisPackage).redisResults(url, { logger });
  }
  throw new CeleryError("option-invalid", `Package not found: ${name}, for results on Redis. Install ${name}.`);
}

function isFound(load: NodeJS.Require, name: string): boolean {
  try {
    return load.resolve(name) !== "";
  } catch {
    return false;
  }
}

function invalid(source: string, kind: string, remedy: string): CeleryError {
  return new CeleryError("option-invalid", `Result backend not known: ${source} (${kind}). ${remedy}.`);
}
