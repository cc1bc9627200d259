import { Worker } from "node:worker_threads";
import type { ChildChannel } from "./channel.ts";
import { packLeniently } from "../pipe/serialization.ts";
import type { FromChild, ToChild } from "../pipe/messages.ts";
import { Seal, toChild } from "../pipe/seal.ts";

/** How long a crashing child tries to send the reason. */
const lastWordsMs = 1_000;

/**
 * The channel of a child process to its parent. The process ends with its parent, and not by signals that are meant for it: a terminal's
 * Ctrl-C and a supervisor's SIGTERM go to all processes, and running tasks have the grace of the parent's stop.
 */
export function processChannel(host: NodeJS.Process): ChildChannel {
  host.on("SIGINT", () => {});
  host.on("SIGTERM", () => {});
  // SIGHUP of a closing terminal and SIGUSR2 would end it; the parent stops it warm.
  host.on("SIGHUP", () => {});
  host.on("SIGUSR2", () => {});
  // A log whose reader is gone is no failure of a task.
  for (const stream of [host.stdout, host.stderr]) stream.on("error", () => {});
  host.on("disconnect", () => host.exit(1));
  watchParent();
  const seal = new Seal<ToChild>(null, toChild);
  const send = (message: FromChild): Promise<void> =>
    new Promise((resolve) => void host.send?.(seal.close(message), undefined, undefined, () => resolve()));
  const sayAndExit = async (error: unknown): Promise<void> => {
    await send({ type: "crashed", error: packLeniently(error) });
    host.exit(1);
  };
  host.on("uncaughtException", (error) => {
    setTimeout(() => host.exit(1), lastWordsMs).unref();
    void sayAndExit(error);
  });
  return {
    onMessage: (listener) =>
      void host.on("message", (received) => {
        const message = seal.open(received);
        if (message !== null) listener(message);
      }),
    send,
    memoryBytes: () => host.memoryUsage.rss(),
  };
}

/** A task in a busy loop never gets the disconnect of its parent; a thread beside it detects a new parent process. */
function watchParent(): void {
  const watch = `
    const parent = process.ppid;
    setInterval(() => process.ppid === parent || process.kill(process.pid, "SIGKILL"), 1000);
  `;
  const limits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 };
  new Worker(watch, { eval: true, execArgv: [], env: {}, resourceLimits: limits }).unref();
}
