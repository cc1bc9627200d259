import { CeleryError } from "../ports/errors.ts";
import type { HealthOptions } from "./health-options.ts";
import type { Worker } from "./worker.ts";

/** The part of Node's process that running a worker touches. */
export interface HostProcess {
  exitCode?: number | string | null | undefined;
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  off(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
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

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

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

/** Resolves to the exit code. A worker stopped by its own program ends the waiting too. */
function untilStopped(worker: Worker, process: HostProcess): Promise<number> {
  return new Promise((resolve) => {
    let code = 0;
    let asked = false;
    const onSignal = (signal: keyof typeof signals): void => {
      if (asked) code = signals[signal];
      void worker.stop(asked ? { grace: 0 } : {});
      asked = true;
    };
    const listeners = { SIGINT: () => onSignal("SIGINT"), SIGTERM: () => onSignal("SIGTERM") };
    process.on("SIGINT", listeners.SIGINT);
    process.on("SIGTERM", listeners.SIGTERM);
    const finish = (): void => {
      process.off("SIGINT", listeners.SIGINT);
      process.off("SIGTERM", listeners.SIGTERM);
      resolve(code);
    };
    if (worker.state === "stopped") finish();
    else worker.on("stateChanged", ({ to }) => void (to === "stopped" && finish()));
  });
}
