import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";

const POLL_MS = 50;
const TAIL_LINES = 20;

/** The progress of a node's start, from its log. */
export type Startup =
  | { readonly status: "starting" }
  | { readonly status: "complete"; readonly version: string; readonly plugins: readonly string[] }
  | { readonly status: "port-taken" };

const PORT_TAKEN = /eaddrinuse|address already in use|port is already allocated|port \d+ in use/;
const PREFIX = /^\S+ \S+ \[\w+\] <[\d.]+> ?/;

/** Parses the progress of a start from a log that was written since. */
export function readStartup(text: string): Startup {
  const complete = /Server startup complete; (\d+) plugins? started/.exec(text);
  if (complete !== null) return readCompleted(text, complete.index, Number(complete[1]));
  return PORT_TAKEN.test(text) ? { status: "port-taken" } : { status: "starting" };
}

/** The plugins are listed after the line with their number, and may not be written yet. */
function readCompleted(text: string, from: number, count: number): Startup {
  const lines = text.slice(from).split("\n").slice(1, -1);
  const plugins = lines.flatMap((line) => /^ ?\* (\w+)/.exec(line.replace(PREFIX, ""))?.[1] ?? []).slice(0, count);
  if (plugins.length < count) return { status: "starting" };
  return { status: "complete", version: /Starting RabbitMQ (\S+)/.exec(text)?.[1] ?? "unknown", plugins };
}

/**
 * Follows the log of a node that starts, from `offset` on, until the start has ended or the signal is aborted. Nodes
 * write to a file, which is polled: through a pipe, a busy process would block the node.
 */
export async function followStartup(file: string, offset: number, signal: AbortSignal): Promise<Startup> {
  for (;;) {
    // Checked before the file is read, so that the node's last lines count.
    const last = signal.aborted;
    const startup = readStartup((await readFile(file)).subarray(offset).toString());
    if (startup.status !== "starting" || last) return startup;
    await delay(POLL_MS);
  }
}

/**
 * The lines of a log with the reason of a failed start. A node writes the reason first and then pages of crash reports,
 * so the end of the log does not have it.
 */
export function explainFailure(text: string): string {
  const lines = stripVTControlCharacters(text).split("\n");
  const reports = lines.findIndex((line) => /> {5}supervisor: |> {3}crasher:|^Kernel pid terminated/.test(line));
  const before = reports === -1 ? lines : lines.slice(0, reports);
  const errors = before.filter((line) => line.includes("[error]"));
  const telling = (errors.length > 0 ? errors : before).map((line) => line.replace(PREFIX, "")).filter(isTelling);
  return [...new Set(telling)].slice(-TAIL_LINES).join("\n");
}

function isTelling(line: string): boolean {
  return /\w/.test(line);
}
