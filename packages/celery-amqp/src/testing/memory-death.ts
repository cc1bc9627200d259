import type { HeaderTable, WireMessage } from "@leveret/celery-protocol";
import type { StoredMessage } from "./memory-message.ts";

/** Why a message died in a queue, in RabbitMQ's words. */
export type DeathReason = "rejected" | "expired" | "maxlen" | "delivery_limit";

interface Death {
  readonly count: number;
  readonly reason: string;
  readonly queue: string;
  readonly time: Date;
  readonly exchange: string;
  readonly "routing-keys": readonly string[];
}

/**
 * The message as its dead-letter exchange gets it: `x-death` has one entry a queue and reason, the latest first;
 * what expired loses its `expiration`, or it would expire again (rabbitmq.com/docs/dlx).
 */
export function withDeath(stored: StoredMessage, reason: DeathReason, queue: string, now: number): WireMessage {
  const { headers, properties, body } = stored.message;
  const deaths = deathsOf(headers);
  const isSame = (death: Death) => death.queue === queue && death.reason === reason;
  const count = (deaths.find(isSame)?.count ?? 0) + 1;
  const { exchange, routingKey } = stored.address;
  const death: Death = { count, reason, queue, time: new Date(now), exchange, "routing-keys": [routingKey] };
  const first = {
    "x-first-death-exchange": exchange,
    "x-first-death-queue": queue,
    "x-first-death-reason": reason,
  };
  return {
    headers: { ...first, ...headers, "x-death": [death, ...deaths.filter((other) => !isSame(other))] },
    properties: { ...properties, expirationMs: undefined },
    body,
  };
}

/** A message that returns to a queue that dead-lettered it before, without a rejection in between, is dropped. */
export function isCycle(message: WireMessage, queue: string): boolean {
  const deaths = deathsOf(message.headers);
  return deaths.some((death) => death.queue === queue) && deaths.every((death) => death.reason !== "rejected");
}

function deathsOf(headers: HeaderTable): readonly Death[] {
  const deaths = headers["x-death"];
  return Array.isArray(deaths) ? (deaths as readonly Death[]) : [];
}
