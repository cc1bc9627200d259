import { CeleryError } from "../ports/errors.ts";

const owners = new WeakMap<object, string>();

/**
 * Gives a results object of the user to the client or worker that will close it.
 *
 * @throws CeleryError `option-invalid` where it has an owner: the first of two owners to close would end the other's results
 */
export function own<Results extends object>(results: Results, owner: "client" | "worker"): Results {
  const known = owners.get(results);
  if (known !== undefined) {
    throw new CeleryError(
      "option-invalid",
      `The option results has an object that belongs to another ${known} already. Make one results object for each client and each worker.`,
    );
  }
  owners.set(results, owner);
  return results;
}
