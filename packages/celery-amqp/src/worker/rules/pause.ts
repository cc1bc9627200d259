import { lostRuns, type Arrival } from "./arrival.ts";

const firstMs = 100;
const longestMs = 5_000;

/**
 * How long a delivery waits before it is requeued, milliseconds: 100 at first, twice as long each time, at most
 * five seconds. A queue gives out at once what goes back to it.
 *
 * @param returns - how often this worker has returned the message already: a classic queue does not count that, and without
 *   a delivery limit no header does
 */
export function pauseBeforeRequeue(arrival: Arrival, returns: number = 0): number {
  const times = Math.max(lostRuns(arrival), arrival.deliveryCount ?? 0, returns);
  return Math.min(firstMs * 2 ** times, longestMs);
}
