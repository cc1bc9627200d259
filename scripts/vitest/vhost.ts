import { randomUUID } from "node:crypto";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The AMQP address of the run's broker, with user and password and the vhost `/`. */
    readonly amqpUrl: string;
    /** The address of its management API, with user and password; null where a given broker has none. */
    readonly managementUrl: string | null;
  }
}

/** A vhost of a test's own. */
export interface TestVhost {
  /** The AMQP address with this vhost. */
  readonly url: string;
  readonly name: string;
  /** Asks the management API: `path` begins after `/api`, with `{vhost}` for this vhost; `body` is sent as JSON. */
  manage(method: string, path: string, body?: unknown): Promise<void>;
  /** Removes the vhost with its queues and closes the connections to it. */
  remove(): Promise<void>;
}

/** Which of the run's brokers: the distribution's RabbitMQ, or the newest of the lab. */
export type BrokerName = "distribution" | "newest";

/** The brokers that this run has; the newest only where there is a lab. */
export function brokersAtHand(): readonly BrokerName[] {
  return inject("newestAmqpUrl") === null ? ["distribution"] : ["distribution", "newest"];
}

/** Makes an empty vhost on one of the run's brokers, in some milliseconds. */
export async function freshVhost(broker: BrokerName = "distribution"): Promise<TestVhost> {
  const name = `test-${randomUUID()}`;
  const { amqpUrl, managementUrl } = addressesOf(broker);
  await manage(managementUrl, "PUT", `/api/vhosts/${name}`);
  return {
    name,
    url: `${amqpUrl.replace(/\/*$/, "")}/${name}`,
    manage: (method, path, body) => manage(managementUrl, method, `/api${path.replace("{vhost}", name)}`, body),
    remove: () => manage(managementUrl, "DELETE", `/api/vhosts/${name}`),
  };
}

function addressesOf(broker: BrokerName): { readonly amqpUrl: string; readonly managementUrl: string } {
  const amqpUrl = inject(broker === "newest" ? "newestAmqpUrl" : "amqpUrl");
  const managementUrl = inject(broker === "newest" ? "newestManagementUrl" : "managementUrl");
  if (amqpUrl === null) throw new Error("there is no newest RabbitMQ: LEVERET_LAB is not set");
  if (managementUrl === null)
    throw new Error("the broker of LEVERET_TEST_BROKER_URL needs LEVERET_TEST_MANAGEMENT_URL beside it");
  return { amqpUrl, managementUrl };
}

async function manage(address: string, method: string, path: string, body?: unknown): Promise<void> {
  const { username, password, origin } = new URL(address);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const response = await fetch(origin + path, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
}
