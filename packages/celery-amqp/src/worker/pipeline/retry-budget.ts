import type { Clock } from "../../ports/clock.ts";
import { errorClass, type Operation } from "../../ports/error-class.ts";
import { asError } from "../../ports/thrown.ts";
import type { Waits } from "./waits.ts";

const firstWaitMs = 250;
const longestWaitMs = 5_000;

/**
 * The broker or the result backend stayed away, or was closed: the operation is not done, and may be done again elsewhere.
 */
export class BrokerAway extends Error {
  override readonly name = "BrokerAway";
}

/** How long to go on trying. */
export interface RetryBudget {
  readonly clock: Clock;
  readonly retryBudgetMs: number;
  readonly waits: Waits;
}

/**
 * Does `attempt` until it succeeds, waiting longer each time, while it fails by transient errors. A publish whose outcome is
 * unknown is done again too: its task id stays the same.
 *
 * @throws BrokerAway when `retryBudgetMs` have passed or the transport or the result backend is closed; otherwise what
 * `attempt` threw
 */
export async function withRetries(
  attempt: () => Promise<void>,
  operation: Operation,
  { clock, retryBudgetMs, waits }: RetryBudget,
): Promise<void> {
  const deadline = clock.monotonicMs() + retryBudgetMs;
  let endWait: (() => void) | null = null;
  try {
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        return await attempt();
      } catch (thrown) {
        const error = asError(thrown);
        endWait?.();
        endWait = null;
        const kind = errorClass(error, operation);
        if (kind === "permanent" || kind === "task") throw error;
        if (kind === "closed" || clock.monotonicMs() + waitMs > deadline) {
          throw new BrokerAway(`The operation was abandoned: ${error.message}`, { cause: error });
        }
        endWait = waits.begin(error);
        await new Promise<void>((resolve) => void clock.setTimer(waitMs, resolve));
      }
    }
  } finally {
    endWait?.();
  }
}
