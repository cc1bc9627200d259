import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 50;
const TAIL_LINES = 25;

/** What a node's log says about its start. */
export type Startup =
  | { readonly status: "starting" }
  | { readonly status: "complete"; readonly version: string }
  | { readonly status: "port-taken" };

/** Reads from the text of a log, written since the node was started, how far the start has come. */
export function readStartup(text: string): Startup {
  if (text.includes("eaddrinuse")) return { status: "port-taken" };
  if (!text.includes("Server startup complete")) return { status: "starting" };
  return { status: "complete", version: /Starting RabbitMQ (\S+)/.exec(text)?.[1] ?? "unknown" };
}

/**
 * Follows the log of a node that starts, from `offset` on, until it says how that ended or the signal is aborted. Nodes write
 * straight to a file, which is read here by turns: through a pipe, a node would stand still whenever this process is busy.
 */
export async function followStartup(file: string, offset: number, signal: AbortSignal): Promise<Startup> {
  while (!signal.aborted) {
    const startup = readStartup((await readFile(file)).subarray(offset).toString());
    if (startup.status !== "starting") return startup;
    await delay(POLL_MS);
  }
  return { status: "starting" };
}

/** The last lines of a log, for an error message; empty where there is none. */
export async function logTail(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}
