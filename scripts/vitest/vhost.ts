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
  /** Removes the vhost with its queues and closes the connections to it. */
  remove(): Promise<void>;
}

/** Makes an empty vhost on the run's broker, in some milliseconds. */
export async function freshVhost(): Promise<TestVhost> {
  const name = `test-${randomUUID()}`;
  await manage("PUT", `/api/vhosts/${name}`);
  return {
    name,
    url: `${inject("amqpUrl").replace(/\/*$/, "")}/${name}`,
    remove: () => manage("DELETE", `/api/vhosts/${name}`),
  };
}

async function manage(method: string, path: string): Promise<void> {
  const address = inject("managementUrl");
  if (address === null)
    throw new Error("the broker of LEVERET_TEST_BROKER_URL needs LEVERET_TEST_MANAGEMENT_URL beside it");
  const { username, password, origin } = new URL(address);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const response = await fetch(origin + path, { method, headers: { authorization } });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
}
