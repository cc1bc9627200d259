import { lostRuns, mayRun, type Arrival } from "./arrival.ts";

/**
 * What is to be done with a message whose run may have ended a process or a connection.
 *
 * - `run`: its run is counted already, and it runs beside others.
 * - `run-alone`: the same, but no other suspect may run beside it.
 * - `count`: it is published anew with the count of its next run.
 * - `count-alone`: the same, but not before other suspects have ended.
 * - `renew`: it is published anew as it is, for the broker is about to drop it.
 * - `give-up`: it has had all of its runs.
 */
export type Verdict = "run" | "run-alone" | "count" | "count-alone" | "renew" | "give-up";

/**
 * Lost runs from which a message meets no other suspect. One run may be lost by a neighbour, and so may a second one, as
 * deliveries that waited beside a suspect are taken for runs; from the third on each loss is the message's own.
 */
const aloneFrom = 2;

/** Runs that a message has alone at least, where the limit leaves so many. */
const runsAlone = 2;

/** Deliveries that a quorum queue has counted, of a message that waited beside others, before it is published anew. */
const renewFrom = 2;

/** The same without a limit of ours: RabbitMQ 4 drops a message at 20. */
const renewUnlimitedFrom = 10;

/** What to do with a suspect; `limit` is the delivery limit, null for none. */
export function judge(arrival: Arrival, limit: number | null): Verdict {
  const deliveries = arrival.deliveryCount ?? 0;
  if (limit === null) return deliveries >= renewUnlimitedFrom ? "renew" : "run";
  const lost = lostRuns(arrival);
  if (lost >= limit) return "give-up";
  const isAlone = lost >= Math.min(aloneFrom, limit - runsAlone);
  if (mayRun(arrival)) return isAlone ? "run-alone" : "run";
  if (!isAlone) return "count";
  return deliveries >= renewFrom ? "renew" : "count-alone";
}
