import { CeleryError } from "../ports/errors.ts";

/**
 * The port from `CELERY_HEALTH_PORT`; undefined where it is not set, or empty.
 *
 * @throws CeleryError `option-invalid` where it is not a port
 */
export function healthPort(): number | undefined {
  const text = process.env["CELERY_HEALTH_PORT"];
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CeleryError(
    "option-invalid",
    `The environment variable CELERY_HEALTH_PORT is not a port: "${text}". Set it to a port, or unset it.`,
  );
}
