import type { TaskMessage } from "@leveret/celery-protocol";
import { Recorder } from "../judging/records.ts";

/** The records of this process, or of this thread of it; made when first asked for. */
let recorder: Recorder | null = null;

/** Whether this is a process that a conductor has started, and not the conductor itself. */
export const isProgram: boolean = process.env["CHAOS_NAME"] !== undefined;

/**
 * The conductor's settings of this program, in its environment, so that children and threads of a pool have them too.
 */
export function recordsHere(): Recorder {
  recorder ??= new Recorder(process.env["CHAOS_RECORDS"] ?? ".", process.env["CHAOS_NAME"] ?? "unnamed");
  return recorder;
}

/** By the broker's word, or by the count that a message carries which a worker has published again. */
export function wasRedelivered({ deliveryInfo, extraHeaders }: TaskMessage): boolean {
  return deliveryInfo?.redelivered === true || Number(extraHeaders["x-leveret-redeliveries"] ?? 0) > 0;
}

/** Records unhandled errors, and keeps the process running. */
export function recordFaults(): void {
  process.on("unhandledRejection", (error) => note("unhandled rejection", error));
  process.on("uncaughtException", (error) => note("uncaught exception", error));
}

/** Ends this program when its conductor has ended. */
export function endWithConductor(): void {
  process.once("disconnect", () => process.exit());
}

function note(sort: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  recordsHere().write({ type: "fault", what: `${sort}: ${text}` });
}

/** The last entry of a program: what it holds when everything that can be let go is gone. */
export function recordEnd(): void {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  recordsHere().write({ type: "finished", heapBytes: heapUsed, rssBytes: rss });
}
