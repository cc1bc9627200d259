import type { Broadcaster } from "../../control/broadcaster.ts";
import type { Logger } from "../../ports/logger.ts";
import { revokedIds } from "./readings.ts";
import type { ControlledWorker } from "./controlled-worker.ts";

/** Celery's wait for those that are there. */
const timeoutMs = 1_000;

/** Revoked ids of a hello: as many as fit easily into a message, the newest ones. */
const limit = 10_000;

/**
 * Sends hello to the other workers of the broker, and merges their revoked ids and logical clocks.
 * No step waits for it, and a failure is only logged. Source: celery/worker/consumer/mingle.py.
 */
export async function mingle(worker: ControlledWorker, broadcaster: Broadcaster, log: Logger): Promise<void> {
  const revoked = worker
    .revoked()
    .slice(-limit)
    .map(([id]) => id);
  const hello = { method: "hello", arguments: { from_node: worker.nodeName, revoked } };
  const everybody = { destination: null, pattern: null, matcher: null };
  try {
    const replies = await broadcaster.call({ ...hello, ...everybody }, { timeoutMs, limit: null });
    const others = replies.filter(({ nodeName }) => nodeName !== worker.nodeName);
    for (const { reply } of others) {
      if (typeof reply !== "object" || reply === null || !("revoked" in reply)) continue;
      if ("clock" in reply) worker.logicalClock.adjust(reply["clock"]);
      worker.mergeRevoked(revokedIds(reply["revoked"]));
    }
    log.debug("the other workers have answered hello", { others: others.length });
  } catch (error) {
    log.debug("the other workers cannot be asked what was revoked", { reason: String(error) });
  } finally {
    await broadcaster.rest();
  }
}
