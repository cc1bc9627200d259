import { startRabbit } from "../../packages/rabbit-local/src/index.ts";
import type { TestProject } from "vitest/node";

/** A broker that the projects of one run share; the last of them to finish stops it. */
interface Shared {
  readonly broker: Promise<TestBroker>;
  users: number;
}

interface TestBroker {
  readonly amqpUrl: string;
  readonly managementUrl: string | null;
  stop(): Promise<void>;
}

// Each project loads this file anew, so what they share is kept outside of it.
const shelf = globalThis as { leveretTestBroker?: Shared };

/**
 * Gives the tests one broker for the whole run, with the management plugin for quick vhosts. `LEVERET_TEST_BROKER_URL` names
 * one that runs already and is left running (with `LEVERET_TEST_MANAGEMENT_URL` beside it, if it has that).
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shelf.leveretTestBroker ??= { broker: findBroker(), users: 0 };
  const shared = shelf.leveretTestBroker;
  shared.users++;
  const { amqpUrl, managementUrl } = await shared.broker;
  project.provide("amqpUrl", amqpUrl);
  project.provide("managementUrl", managementUrl);
  return async () => {
    if (--shared.users > 0) return;
    delete shelf.leveretTestBroker;
    await (await shared.broker).stop();
  };
}

async function findBroker(): Promise<TestBroker> {
  const given = process.env["LEVERET_TEST_BROKER_URL"];
  if (given !== undefined && given !== "") {
    const managementUrl = process.env["LEVERET_TEST_MANAGEMENT_URL"] ?? null;
    return { amqpUrl: given, managementUrl, stop: () => Promise.resolve() };
  }
  const rabbit = await startRabbit({
    plugins: ["rabbitmq_management"],
    onProgress: (line) => process.stderr.write(`rabbit-local: ${line}\n`),
  });
  return { amqpUrl: rabbit.url, managementUrl: rabbit.managementUrl, stop: () => rabbit.stop() };
}
