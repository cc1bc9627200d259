import type { Clock } from "../../ports/clock.ts";
import { CeleryError, type CeleryErrorCode } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";

/** What passes when the broker comes back. Everything else would fail again in the same way. */
const passing: ReadonlySet<CeleryErrorCode> = new Set([
  "connection-lost",
  "publish-timeout",
  "publish-nacked",
  "rpc-timeout",
  "broker-unreachable",
  "results-unreachable",
]);

const firstWaitMs = 250;
const longestWaitMs = 5_000;

/** The broker stayed away, or the transport was closed: what was to be done is not done, and may be done again elsewhere. */
export class BrokerAway extends Error {
  override readonly name = "BrokerAway";
}

/** How long to go on trying. */
export interface Patience {
  readonly clock: Clock;
  readonly log: Logger;
  readonly patienceMs: number;
}

/**
 * Does `attempt` until it succeeds, waiting longer each time, while it fails for want of a broker. A publish whose outcome
 * is unknown is done again too: its task id stays the same.
 *
 * @throws BrokerAway when `patienceMs` have passed or the transport is closed; otherwise what `attempt` threw
 */
export async function withPatience(attempt: () => Promise<void>, { clock, log, patienceMs }: Patience): Promise<void> {
  const deadline = clock.monotonicMs() + patienceMs;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (error.code === "closed" || clock.monotonicMs() + waitMs > deadline) {
        throw new BrokerAway(`The broker did not take it: ${error.message}`, { cause: error });
      }
      log.warn("waiting for the broker", { error: error.message, waitMs });
      await new Promise<void>((resolve) => void clock.setTimer(waitMs, resolve));
    }
  }
}

function isPassing(error: unknown): error is CeleryError {
  return error instanceof CeleryError && (passing.has(error.code) || error.code === "closed");
}
