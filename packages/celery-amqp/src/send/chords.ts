import { ProtocolError } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";

/**
 * The counter of those that have one.
 *
 * @throws CeleryError `chords-unsupported`
 */
export function chordsOf<Counter>({ chords }: { readonly chords?: Counter }): Counter {
  if (chords === undefined) throw chordsUnsupported();
  return chords;
}

/** The refusal of a chord where nobody would ever call its body. Celery refuses it for the same backends. */
export function chordsUnsupported(): CeleryError {
  return new CeleryError(
    "chords-unsupported",
    'A chord, or a group that a step follows, needs results that can count its parts, and these cannot: give results that can, on Redis for one, to clients and workers, or chords: "rabbitmq"',
  );
}

/**
 * What is made of a call.
 *
 * @param where - begins the message of the error
 * @throws CeleryError `option-invalid` where it cannot be called
 */
export function readable<T>(make: () => T, where = ""): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("option-invalid", `${where}${error.message}`, { cause: error });
  }
}
