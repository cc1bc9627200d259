import "../../../../../scripts/vitest/newest-broker.ts";
import "../../../../../scripts/vitest/peers.ts";
import "../../../../../scripts/vitest/vhost.ts";
import { inject } from "vitest";

/** A broker and a Celery to try together. */
export interface Pairing {
  readonly label: string;
  readonly brokerUrl: string;
  readonly python: string;
}

/** Why the pairings are what they are, for the name of the suite where one is missing. */
export const missing: readonly string[] = Object.values(inject("peers")).flatMap((peer) =>
  "missing" in peer ? [peer.missing] : [],
);

/** Each Celery that could be had, on the distribution's RabbitMQ and, where there is a lab, on the newest. */
export function pairings(): readonly Pairing[] {
  const { recordedCelery, latestCelery } = inject("peers");
  const newest = inject("newestAmqpUrl");
  const brokers = [["the distribution's RabbitMQ", inject("amqpUrl")], ...(newest === null ? [] : [["RabbitMQ 4.3", newest]])];
  const celeries = [["Celery 5.6.3", recordedCelery], ["the newest Celery", latestCelery]] as const;
  return celeries.flatMap(([celery, peer]) =>
    "missing" in peer
      ? []
      : brokers.map(([broker, brokerUrl]) => ({ label: `${celery} on ${broker}`, brokerUrl: brokerUrl ?? "", python: peer.path })),
  );
}
