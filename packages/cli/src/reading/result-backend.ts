import { CeleryError, type Logger, readResults, type ResultBackend } from "@leveret/celery-amqp";
import { UsageError } from "../terminal/terminal.ts";

/** The result backend: rpc or amqp, none, or a Redis URL. */
export type ResultPlace = "rpc" | "amqp" | "none" | { readonly redisUrl: string };

/** The value of the option `results` of a client or a worker. */
export type OpenResults = "rpc" | "amqp" | false | ResultBackend;

const source = "the result backend (--result-backend or CELERY_RESULT_BACKEND)";

/**
 * Parses `--result-backend` as programs do. Null where it is not set.
 *
 * @throws UsageError for an unknown backend
 */
export function resultPlace(text: string | undefined): ResultPlace | null {
  if (text === undefined || text === "") return null;
  const backend = asUsage(() => readResults(text, source));
  if (backend === false) return "none";
  return backend === "rpc" || backend === "amqp" ? backend : { redisUrl: backend };
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
  return asUsage(() => redisResults(place.redisUrl, logger === undefined ? {} : { logger }));
}

function asUsage<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof CeleryError) throw new UsageError(error.message);
    throw error;
  }
}

/** An installed package that cannot be loaded is another error. */
function refuseMissing(error: unknown): never {
  const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  if (!isMissing || !error.message.includes("'@leveret/celery-redis'")) throw error;
  throw new UsageError(`${source} is Redis, and its package is not installed. Run npm install @leveret/celery-redis.`);
}
