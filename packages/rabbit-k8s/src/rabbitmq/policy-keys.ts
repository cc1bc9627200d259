import { isAtLeast, type RabbitVersion } from "./version.ts";

/** First release that has a policy key, and the first that no longer has it. */
interface KeyLife {
  readonly since?: string;
  readonly until?: string;
}

/**
 * Every key a policy may set, with its life, as 3.10.8, 4.0.5 and 4.3.6 themselves list them; between those, from the
 * release notes. A node refuses definitions that name a key it does not know.
 */
const keys: Readonly<Record<string, KeyLife>> = {
  "alternate-exchange": {},
  "consumer-disconnected-timeout": { since: "4.3" },
  "consumer-timeout": { since: "3.12" },
  "dead-letter-exchange": {},
  "dead-letter-routing-key": {},
  "dead-letter-strategy": { since: "3.10" },
  "delayed-retry-max": { since: "4.3" },
  "delayed-retry-min": { since: "4.3" },
  "delayed-retry-type": { since: "4.3" },
  "delivery-limit": {},
  expires: {},
  "federation-upstream": {},
  "federation-upstream-set": {},
  "ha-mode": { until: "4.0" },
  "ha-params": { until: "4.0" },
  "ha-promote-on-failure": { until: "4.0" },
  "ha-promote-on-shutdown": { until: "4.0" },
  "ha-sync-batch-size": { until: "4.0" },
  "ha-sync-mode": { until: "4.0" },
  "initial-cluster-size": {},
  "max-age": {},
  "max-in-memory-bytes": {},
  "max-in-memory-length": {},
  "max-length": {},
  "max-length-bytes": {},
  "message-ttl": {},
  overflow: {},
  "queue-leader-locator": {},
  "queue-master-locator": {},
  "queue-mode": {},
  "queue-version": { since: "3.10" },
  "stream-filter-size-bytes": { since: "3.13" },
  "stream-max-segment-size-bytes": {},
  "target-group-size": { since: "4.0" },
};

/** Why a version refuses a policy key, and the alternative. */
export interface PolicyKeyRefusal {
  readonly reason: string;
  readonly remedy: string;
}

/** `null` when the version takes the key. */
export function refusePolicyKey(version: RabbitVersion, key: string): PolicyKeyRefusal | null {
  const life = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (life === undefined) {
    return {
      reason: `RabbitMQ has no policy key \`${key}\`; the node would not boot on the definitions`,
      remedy: `use one of ${Object.keys(keys).join(", ")}`,
    };
  }
  if (life.since !== undefined && !isAtLeast(version, life.since)) {
    return {
      reason: `the policy key \`${key}\` comes with RabbitMQ ${life.since}; this is ${version.text}`,
      remedy: `leave it out or go to ${life.since}`,
    };
  }
  if (life.until !== undefined && isAtLeast(version, life.until)) {
    return {
      reason: `classic queue mirroring was removed in RabbitMQ ${life.until}: with \`${key}\` every node stops at boot`,
      remedy:
        "leave out the ha-* keys and use quorum queues (`defaultQueueType: 'quorum'` or `type: 'quorum'` on the queue)",
    };
  }
  return null;
}
