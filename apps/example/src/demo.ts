import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startRabbit } from "@leveret/rabbit-local";
import { oneProcess } from "./one-process.ts";

interface Broker {
  readonly url: string;
  stop(): Promise<void>;
}

/** Broker, worker and client as processes; everything started here is stopped here. */
export async function demo(): Promise<void> {
  const broker = await findBroker();
  if (broker === null) return oneProcess();
  try {
    process.exitCode = await runBoth(broker.url);
  } finally {
    await broker.stop();
    console.log("demo      everything it started is stopped");
  }
}

async function findBroker(): Promise<Broker | null> {
  const given = process.env["CELERY_BROKER_URL"];
  if (given !== undefined) {
    console.log("demo      using the broker that CELERY_BROKER_URL names");
    return { url: given, stop: () => Promise.resolve() };
  }
  console.log("demo      starting a private RabbitMQ …");
  try {
    const server = await startRabbit({ onProgress: (line) => console.log(`broker    ${line}`) });
    console.log(`demo      RabbitMQ ${server.version} is up`);
    return server;
  } catch (error) {
    console.log(`demo      no broker can be had here: ${(error as Error).message}`);
    return null;
  }
}

async function runBoth(url: string): Promise<number> {
  const worker = start("worker", url);
  try {
    const client = start("client", url);
    const [code] = (await once(client, "close")) as [number | null];
    return code ?? 1;
  } finally {
    if (worker.exitCode === null && worker.kill("SIGTERM")) await once(worker, "close");
  }
}

function start(mode: "worker" | "client", url: string): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, "main.ts"), mode], {
    env: { ...process.env, CELERY_BROKER_URL: url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => console.log(`${mode.padEnd(9)} ${line}`));
  }
  return child;
}
