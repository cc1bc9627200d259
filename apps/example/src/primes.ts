import { setImmediate as nextTurn } from "node:timers/promises";

/** Numbers checked before the event loop gets a turn, so that heartbeats continue during the computation. */
const slice = 20_000;

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) return false;
  }
  return candidate > 1;
}

/** How many primes are below `limit`, by trial division. Throws the signal's reason when aborted. */
export async function countPrimes(limit: number, signal: AbortSignal): Promise<number> {
  let count = 0;
  for (let candidate = 2; candidate < limit; candidate += 1) {
    if (isPrime(candidate)) count += 1;
    if (candidate % slice === 0) {
      signal.throwIfAborted();
      await nextTurn();
    }
  }
  return count;
}
