import { CeleryError } from "@leveret/celery-amqp";

/** Answers that say: not now, or not here any more. */
const passing = /^(?:READONLY|LOADING|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|OOM|BUSY|MOVED|ASK)\b/;
const loginRefused = /^(?:NOAUTH|WRONGPASS|NOPERM)\b|^ERR invalid (?:username-)?password/i;

/**
 * What a failed command means, for programs and people. The error of ioredis is not its cause: it holds the arguments of the
 * command, which may be a password.
 */
export function toCeleryError(error: unknown, where: string): CeleryError {
  if (error instanceof CeleryError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (loginRefused.test(message))
    return new CeleryError("access-refused", `Redis at ${where} refused: ${message}. Check user, password and rights`);
  if (error instanceof Error && error.name === "ReplyError" && !passing.test(message))
    return new CeleryError("results-refused", `Redis at ${where} refused: ${message}`);
  return new CeleryError("results-unreachable", `Redis at ${where} does not answer: ${message}`);
}
