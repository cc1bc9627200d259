import { CeleryError } from "../ports/errors.ts";
import { fieldOf } from "../ports/thrown.ts";

/**
 * Refuses a Promise from a user's function that must return synchronously: a Promise would count as no value.
 *
 * @throws CeleryError `option-invalid`
 */
export function refusePromise(answer: unknown, what: string): void {
  if (typeof fieldOf(answer, "then") !== "function") return;
  Promise.resolve(answer).catch(() => {}); // its rejection needs no handler
  throw new CeleryError("option-invalid", `${what} gave a Promise: it is asked for each call and must answer at once`);
}
