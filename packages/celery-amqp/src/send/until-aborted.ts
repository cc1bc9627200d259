import { CeleryError } from "../ports/errors.ts";

/**
 * Waits for some work until the caller's signal aborts. The work itself keeps running detached.
 *
 * @param what - the work as the beginning of a sentence, for the error
 * @throws CeleryError `aborted`, or the work's error
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  if (signal.aborted)
    throw new CeleryError("aborted", `${what} was aborted before it started.`, { cause: signal.reason });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void =>
    reject(
      new CeleryError("aborted", `${what} was aborted while it ran. It may have completed.`, {
        cause: signal.reason,
      }),
    );
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
