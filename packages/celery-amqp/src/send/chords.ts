import { ProtocolError } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";

/**
 * The chord counter of results.
 *
 * @throws CeleryError `chords-unsupported`
 */
export function chordsOf<Counter>({ chords }: { readonly chords?: Counter }): Counter {
  if (chords === undefined) throw chordsUnsupported();
  return chords;
}

/** The error for a chord whose body no worker would call. Celery refuses the same backends. */
export function chordsUnsupported(): CeleryError {
  return new CeleryError(
    "chords-unsupported",
    'A chord, or a group that a step follows, needs results that can count its parts, and these cannot: give results that can, on Redis for one, to clients and workers, or chords: "rabbitmq"',
  );
}

/**
 * Reads a call, with errors as `option-invalid`.
 *
 * @param where - start of the error's message
 * @throws CeleryError `option-invalid` where the call is invalid
 */
export function readable<T>(make: () => T, where = ""): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("option-invalid", `${where}${error.message}`, { cause: error });
  }
}
