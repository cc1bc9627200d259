import { CeleryError } from "../ports/errors.ts";
import type { HealthOptions } from "./health-options.ts";
import type { Worker } from "./worker.ts";

/** The signals that stop a worker. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGQUIT";

/** The part of Node's process that running a worker touches. */
export interface HostProcess {
  exitCode?: number | string | null | undefined;
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
  exit(code?: number): never;
}

/** What running a worker needs. */
export interface RunParts {
  /** May throw, as `createWorker` does. */
  readonly create: () => Worker;
  /** What the environment says of asking for its health. May throw a CeleryError. */
  readonly health: () => HealthOptions;
  readonly process: HostProcess;
  /** Takes one line for whoever started the process. */
  readonly complain: (message: string) => void;
}

/** Exit codes of a cold stop: 128 and the signal's number, as shells have it. */
const coldCodes = { SIGINT: 130, SIGTERM: 143, SIGQUIT: 131 } as const satisfies Record<StopSignal, number>;
const signals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGQUIT"];

/** Starts a worker and resolves when signals have stopped it. Mistakes of the user end in a line and exit code 1. */
export async function runUntilSignal(parts: RunParts): Promise<void> {
  const { process } = parts;
  const worker = await startOrComplain(parts);
  if (worker === null) {
    process.exitCode = 1;
    return;
  }
  const code = await untilStopped(worker, process);
  process.exitCode = code;
  // A handler that cannot be stopped would keep the process alive until it is killed.
  if (worker.runaways > 0) process.exit(code);
}

/** A programming error keeps its stack; a CeleryError says what to do in its message. */
async function startOrComplain({ create, health, complain }: RunParts): Promise<Worker | null> {
  try {
    const worker = create();
    await worker.start({ health: health() });
    return worker;
  } catch (error) {
    if (!(error instanceof CeleryError)) throw error;
    complain(`The worker did not start (${error.code}): ${error.message}`);
    return null;
  }
}

/**
 * Resolves to the exit code. The first SIGINT or SIGTERM stops warm, a second signal, and SIGQUIT at once, cold, as with
 * Celery (celery/apps/worker.py). A worker stopped by its own program ends the waiting too.
 */
function untilStopped(worker: Worker, process: HostProcess): Promise<number> {
  return new Promise((resolve) => {
    let code = 0;
    let asked = false;
    const onSignal = (signal: StopSignal): void => {
      const isCold = asked || signal === "SIGQUIT";
      if (isCold) code = coldCodes[signal];
      void worker.stop(isCold ? { grace: 0 } : {});
      asked = true;
    };
    const listeners = signals.map((signal) => [signal, () => onSignal(signal)] as const);
    for (const [signal, listener] of listeners) process.on(signal, listener);
    const finish = (): void => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
      resolve(code);
    };
    if (worker.state === "stopped") finish();
    else worker.on("stateChanged", ({ to }) => void (to === "stopped" && finish()));
  });
}
