import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { RabbitLab } from "@leveret/lab";

const program = new URL("fleet.ts", import.meta.url).pathname;

/** What became of the tasks of a fleet. */
export interface FleetReport {
  /** Sends that the broker confirmed. */
  readonly sent: number;
  /** Sends that failed, by the code of their error. */
  readonly failures: Readonly<Record<string, number>>;
  readonly ran: number;
  /** More than `ran` where a task ran again, since the node that knew of its end was lost. */
  readonly runs: number;
  /** Confirmed tasks that never ran. */
  readonly lost: number;
  /** The longest time without a confirm. */
  readonly confirmGapMs: number;
  /** The longest time in which no task ended. */
  readonly workGapMs: number;
}

/**
 * Has a client and workers of this project work in the network of a pod while something befalls the cluster. They send at
 * least `tasks`, and until that is over.
 */
export async function runFleet(
  lab: RabbitLab,
  host: string,
  broker: string,
  tasks: number,
  befall: () => Promise<void>,
): Promise<FleetReport> {
  const folder = mkdtempSync(join(tmpdir(), "fleet-"));
  const node = [process.execPath, "--conditions=@leveret/source"];
  try {
    const running = lab.beside(host, ...node, program, broker, String(tasks), folder);
    const over = new AbortController();
    const meanwhile = async (): Promise<void> => {
      while (!over.signal.aborted && !existsSync(join(folder, "started"))) await wait(100);
      if (!over.signal.aborted) await befall();
    };
    try {
      await Promise.race([meanwhile(), running]);
    } finally {
      over.abort();
      writeFileSync(join(folder, "stop"), "");
    }
    return JSON.parse((await running).trim().split("\n").at(-1) ?? "") as FleetReport;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
