import { nameOf } from "../../ports/thrown.ts";
import type { Seldom } from "../../ports/seldom.ts";
import type { Delivery } from "../../ports/transport.ts";
import type { Effect } from "../rules/effect.ts";
import type { Inflight } from "./inflight.ts";
import type { Performer } from "./perform.ts";

/** What applies the effects of a refusal. */
export interface RefuseParts {
  readonly performer: Performer;
  readonly inflight: Inflight;
  readonly complaints: Seldom;
}

/**
 * Applies the effects of refusing a message. The delivery is always settled, even if an effect fails: then the message is
 * requeued after a pause. Resolves when that has happened.
 */
export function refuseDelivery(
  { performer, inflight, complaints }: RefuseParts,
  delivery: Delivery,
  effects: readonly Effect[],
): Promise<void> {
  inflight.begin();
  return Promise.resolve(performer.perform(delivery, effects))
    .catch((error: unknown) => {
      const { queue } = delivery;
      const fields = { queue, error: String(error) };
      complaints.write(
        "error",
        `${queue} ${nameOf(error)}`,
        "cannot refuse a message, it goes back to the queue",
        fields,
      );
      performer.returnToQueue(delivery);
    })
    .finally(() => inflight.end());
}
