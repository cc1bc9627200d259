import type { Logger } from "../../ports/logger.ts";
import type { Delivery } from "../../ports/transport.ts";
import type { Effect } from "../rules/effect.ts";
import type { Inflight } from "./inflight.ts";
import type { Performer } from "./perform.ts";

/** What refusing needs of the worker. */
export interface RefuseParts {
  readonly performer: Performer;
  readonly inflight: Inflight;
  readonly log: Logger;
}

/**
 * Carries out what it costs not to run a message. Resolves when the delivery is settled, or goes back after a pause: whatever
 * fails, one of the two happens.
 */
export function refuseDelivery(
  { performer, inflight, log }: RefuseParts,
  delivery: Delivery,
  effects: readonly Effect[],
): Promise<void> {
  inflight.begin();
  return Promise.resolve(performer.perform(delivery, effects))
    .catch((error: unknown) => {
      log.error("cannot refuse a message, it goes back to the queue", { queue: delivery.queue, error: String(error) });
      performer.giveBack(delivery);
    })
    .finally(() => inflight.end());
}
