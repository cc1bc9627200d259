import { CeleryError } from "../ports/errors.ts";

/**
 * Waits for some work, but not beyond the caller's signal. The work itself goes on, unheard.
 *
 * @param what - the work as the beginning of a sentence, for the error
 * @throws CeleryError `aborted`, or what the work ends in
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  if (signal.aborted) throw new CeleryError("aborted", `${what} was aborted before it began`, { cause: signal.reason });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void =>
    reject(
      new CeleryError("aborted", `${what} was aborted under way; it may have been done or not`, {
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
