import { CeleryError } from "../ports/errors.ts";

const owners = new WeakMap<object, string>();

/**
 * Marks a results object as owned by the client or worker that will close it.
 *
 * @throws CeleryError `option-invalid` where it has an owner already: the first of two owners to close would end the
 * other's results
 */
export function own<Results extends object>(results: Results, owner: "client" | "worker"): Results {
  const known = owners.get(results);
  if (known !== undefined) {
    throw new CeleryError(
      "option-invalid",
      `The results object is in use: it belongs to another ${known} (option results). Create one for each client and each worker.`,
    );
  }
  owners.set(results, owner);
  return results;
}
