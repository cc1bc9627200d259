import { CeleryError, type Logger, type ResultBackend } from "@leveret/celery-amqp";
import { UsageError } from "../terminal/terminal.ts";

/** The result backend: rpc or amqp, none, or a Redis URL. */
export type ResultPlace = "rpc" | "amqp" | "none" | { readonly redisUrl: string };

/** The value of the option `results` of a client or a worker. */
export type OpenResults = "rpc" | "amqp" | false | ResultBackend;

const source = "the result backend (--result-backend or CELERY_RESULT_BACKEND)";

const words: ReadonlyMap<string, ResultPlace> = new Map([
  ["rpc", "rpc"],
  ["amqp", "amqp"],
  ["none", "none"],
  ["disabled", "none"],
]);

/**
 * Parses `--result-backend` as Celery does: a URL, or the name of a backend. Null where it is not set. Errors show only
 * its scheme. Source: celery/app/backends.py `BACKEND_ALIASES`, `by_url`.
 *
 * @throws UsageError for an unknown backend
 */
export function resultPlace(text: string | undefined): ResultPlace | null {
  if (text === undefined || text === "") return null;
  const [, scheme = "", address] = /^([a-z][a-z0-9+.-]*)(?::\/\/(.*))?$/is.exec(text) ?? [];
  const kind = scheme.toLowerCase();
  if (["redis", "rediss", "redis+socket"].includes(kind)) return { redisUrl: `${kind}://${address ?? ""}` };
  if (kind === "sentinel") {
    throw new UsageError(
      `${source} is sentinel://, which has no name of the primary. Use redisResults({ sentinels, master }) of @leveret/celery-redis in a program.`,
    );
  }
  const place = words.get(kind);
  if (place === undefined)
    throw new UsageError(`${source} is unknown. Give rpc://, amqp, redis://host:6379/0 or disabled.`);
  if (address === undefined || address === "") return place;
  throw new UsageError(`${source} is ${kind}, which has no address. Write ${kind} alone.`);
}

/**
 * Opens the results of a client or a worker, which closes them. Loads the package for Redis, which is an extra, as in
 * Celery.
 *
 * @param logger - for lost connections to Redis. Default none
 * @throws UsageError where the package is not installed, or for an invalid address
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

/** An installed package that cannot be loaded is another error. */
function refuseMissing(error: unknown): never {
  const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  if (!isMissing || !error.message.includes("'@leveret/celery-redis'")) throw error;
  throw new UsageError(`${source} is Redis, and its package is not installed. Run npm install @leveret/celery-redis.`);
}
