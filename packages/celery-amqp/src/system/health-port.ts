import { CeleryError } from "../ports/errors.ts";

/**
 * The port that `CELERY_HEALTH_PORT` says; undefined where it is not set, or empty.
 *
 * @throws CeleryError `option-invalid` where it is no port
 */
export function healthPort(): number | undefined {
  const text = process.env["CELERY_HEALTH_PORT"];
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CeleryError(
    "option-invalid",
    `The environment variable CELERY_HEALTH_PORT is "${text}": it must be a port, or not be set`,
  );
}
