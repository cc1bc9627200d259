import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the newest RabbitMQ that the lab has, or null where there is no lab. */
    newestAmqpUrl: string | null;
  }
}

const run = promisify(execFile);

/** The newest RabbitMQ beside the distribution's, where `RABBITMQ_LAB` names a command that starts versions side by side. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const lab = process.env["RABBITMQ_LAB"];
  if (lab === undefined) {
    project.provide("newestAmqpUrl", null);
    return undefined;
  }
  const name = `leveret-${process.pid}`;
  console.log("Starting the newest RabbitMQ of the lab …");
  const { stdout } = await run(lab, ["4.3", "start", name, String(await freePort())]);
  project.provide("newestAmqpUrl", stdout.trim().split("\n").at(-1) ?? null);
  return async () => {
    await run(lab, ["4.3", "stop", name]);
    await run(lab, ["4.3", "wipe", name]);
  };
}

/** The lab takes the ports 10 000 and 20 000 above this one too. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 40_000);
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
