import { CeleryError, type Logger, type ResultBackend } from "@leveret/celery-amqp";
import { UsageError } from "../terminal/terminal.ts";

/** Where results are kept: what client and worker bring themselves, nowhere, or a Redis by its address. */
export type ResultPlace = "rpc" | "amqp" | "none" | { readonly redisUrl: string };

/** What `results` of a client or a worker may be. */
export type OpenResults = "rpc" | "amqp" | false | ResultBackend;

const source = "the result backend (--result-backend or CELERY_RESULT_BACKEND)";

const words: ReadonlyMap<string, ResultPlace> = new Map([
  ["rpc", "rpc"],
  ["amqp", "amqp"],
  ["none", "none"],
  ["disabled", "none"],
]);

/**
 * Reads `--result-backend` as Celery reads it: a URL, or the name of a backend alone. Null where nothing is said. No part of
 * what was typed but its scheme is ever shown. Source: celery/app/backends.py `BACKEND_ALIASES`, `by_url`.
 *
 * @throws UsageError for a backend that there is not here
 */
export function resultPlace(text: string | undefined): ResultPlace | null {
  if (text === undefined || text === "") return null;
  const [, scheme = "", address] = /^([a-z][a-z0-9+.-]*)(?::\/\/(.*))?$/is.exec(text) ?? [];
  const kind = scheme.toLowerCase();
  if (["redis", "rediss", "redis+socket"].includes(kind)) return { redisUrl: `${kind}://${address ?? ""}` };
  if (kind === "sentinel") {
    throw new UsageError(
      `${source} is sentinel://, which does not say the primary's name: in a program of yours redisResults({ sentinels, master }) of @leveret/celery-redis does`,
    );
  }
  const place = words.get(kind);
  if (place === undefined) throw new UsageError(`${source} must be one of rpc://, amqp, redis://host:6379/0, disabled`);
  if (address === undefined || address === "") return place;
  throw new UsageError(`${source} is ${kind}, which has no address of its own: write ${kind} alone`);
}

/**
 * What a client or a worker is given as `results`; whoever gets it closes it. The package for Redis is loaded only here: it
 * is an extra, as in Celery.
 *
 * @param logger - hears when Redis is away. Default nobody
 * @throws UsageError where the package is not installed, or an address makes no sense
 */
export async function openResults(place: ResultPlace, logger?: Logger): Promise<OpenResults> {
  if (typeof place === "string") return place === "none" ? false : place;
  const { redisResults } = await import("@leveret/celery-redis").catch(refuseMissing);
  try {
    return redisResults(place.redisUrl, logger === undefined ? {} : { logger });
  } catch (error) {
    if (error instanceof CeleryError) throw new UsageError(`${source}: ${error.message}`);
    throw error;
  }
}

/** A package that is there and cannot be loaded is another failure. */
function refuseMissing(error: unknown): never {
  const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  if (!isMissing || !error.message.includes("'@leveret/celery-redis'")) throw error;
  throw new UsageError(`${source} is Redis, for which a package is missing: npm install @leveret/celery-redis`);
}
