import { inject } from "vitest";

/** A broker and a Celery to try together. */
export interface Pairing {
  /** The pairings of brokers and Celery versions; without a Celery, how to install it. */
  readonly label: string;
  readonly brokerUrl: string;
  /** The interpreter; empty where it could not be had. */
  readonly python: string;
  readonly absent: boolean;
}

/** Each Celery on the distribution's RabbitMQ and, where there is a lab, on the newest. */
export function pairings(): readonly Pairing[] {
  const { recordedCelery, latestCelery } = inject("peers");
  const newest = inject("newestAmqpUrl");
  const brokers = [
    { broker: "the distribution's RabbitMQ", brokerUrl: inject("amqpUrl") },
    ...(newest === null ? [] : [{ broker: "RabbitMQ 4.3", brokerUrl: newest }]),
  ];
  const celeries = [
    { celery: "Celery 5.6.3", peer: recordedCelery },
    { celery: "Celery 5.7.0", peer: latestCelery },
  ];
  return celeries.flatMap(({ celery, peer }) =>
    brokers.map(({ broker, brokerUrl }) => ({
      label: "missing" in peer ? peer.missing : `${celery} on ${broker}`,
      brokerUrl,
      python: "path" in peer ? peer.path : "",
      absent: "missing" in peer,
    })),
  );
}
