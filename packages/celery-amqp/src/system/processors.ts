import { availableParallelism } from "node:os";

/** How many threads this machine, or this container, runs at once. */
export function processors(): number {
  return availableParallelism();
}
