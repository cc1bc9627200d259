import { CeleryError } from "../ports/errors.ts";
import { fieldOf } from "../ports/thrown.ts";

/**
 * Refuses a Promise where a function of the user has to answer at once: taken for the answer, it would count as "nothing
 * said".
 *
 * @throws CeleryError `option-invalid`
 */
export function refusePromise(answer: unknown, what: string): void {
  if (typeof fieldOf(answer, "then") !== "function") return;
  Promise.resolve(answer).catch(() => {}); // what it rejects with is nobody's
  throw new CeleryError("option-invalid", `${what} gave a Promise: it is asked for each call and must answer at once`);
}
