import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { labFolder, labProgram } from "@leveret/lab";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the newest RabbitMQ that the lab has, or null where there is no lab. */
    newestAmqpUrl: string | null;
    /** The address of its management API, with user and password; null where there is no lab. */
    newestManagementUrl: string | null;
  }
}

const run = promisify(execFile);

interface NewestBroker {
  readonly amqpUrl: string | null;
  readonly managementUrl: string | null;
  stop(): Promise<void>;
}

/** A broker that the projects of one run share; the last of them to finish stops it. */
interface Shared {
  readonly broker: Promise<NewestBroker>;
  users: number;
}

// Each project loads this file anew, so what they share is kept outside of it.
const shelf = globalThis as { leveretNewestBroker?: Shared };

/**
 * The newest RabbitMQ beside the distribution's, where `LEVERET_LAB` is set.
 * `LEVERET_TEST_NEWEST_BROKER_URL` names one that runs already and is left running, its management on the port 10 000 above.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shelf.leveretNewestBroker ??= { broker: findBroker(), users: 0 };
  const shared = shelf.leveretNewestBroker;
  shared.users++;
  const { amqpUrl, managementUrl } = await shared.broker;
  project.provide("newestAmqpUrl", amqpUrl);
  project.provide("newestManagementUrl", managementUrl);
  return async () => {
    if (--shared.users > 0) return;
    delete shelf.leveretNewestBroker;
    await (await shared.broker).stop();
  };
}

async function findBroker(): Promise<NewestBroker> {
  const given = process.env["LEVERET_TEST_NEWEST_BROKER_URL"];
  if (given !== undefined && given !== "") return { ...addressesOf(given), stop: () => Promise.resolve() };
  const lab = labProgram("rabbitmq-version");
  if (labFolder === null) return { amqpUrl: null, managementUrl: null, stop: () => Promise.resolve() };
  const name = `leveret-${process.pid}`;
  console.log("Starting the newest RabbitMQ of the lab …");
  const { stdout } = await run(lab, ["4.3", "start", name, String(await freePort())]);
  return {
    ...addressesOf(stdout.trim().split("\n").at(-1) ?? ""),
    stop: async () => {
      await run(lab, ["4.3", "stop", name]);
      await run(lab, ["4.3", "wipe", name]);
    },
  };
}

/** The lab offers the management of a node 10 000 ports above its AMQP. */
function addressesOf(amqpUrl: string): { readonly amqpUrl: string; readonly managementUrl: string } {
  const { username, password, hostname, port } = new URL(amqpUrl);
  return { amqpUrl, managementUrl: `http://${username}:${password}@${hostname}:${Number(port) + 10_000}` };
}

/**
 * A port for a node of the lab, which takes the ports 10 000 and 20 000 above this one too. All lie below those that Linux
 * gives to outgoing connections, which could take one of them meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 12_700);
    const free = await Promise.all([port, port + 10_000, port + 20_000].map(isFree));
    if (free.every(Boolean)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
