import { CeleryError } from "../ports/errors.ts";
import type { HealthOptions } from "./options/health.ts";
import type { Worker } from "./worker.ts";

/** The signals that stop a worker. SIGHUP is sent by a terminal that closes, and by supervisors that ask for a reload. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGQUIT" | "SIGHUP";

/** The part of Node's process that running a worker touches. */
export interface HostProcess {
  exitCode?: number | string | null | undefined;
  readonly stdout?: LogStream;
  readonly stderr?: LogStream;
  on(signal: StopSignal | "SIGUSR2", listener: () => void): unknown;
  off(signal: StopSignal | "SIGUSR2", listener: () => void): unknown;
  exit(code?: number): never;
}

/** Where log lines and handlers write. */
interface LogStream {
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What running a worker needs. */
export interface RunParts {
  /** May throw, as `createWorker` does. */
  readonly create: () => Worker | Promise<Worker>;
  /** Health options of the environment. May throw a CeleryError. */
  readonly health: () => HealthOptions;
  readonly process: HostProcess;
  /** Prints one line to stderr. */
  readonly complain: (message: string) => void;
}

/** Exit codes of a cold stop: 128 and the signal's number, as shells have it. */
const coldCodes = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGQUIT: 131,
  SIGHUP: 129,
} as const satisfies Record<StopSignal, number>;
const signals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"];

/**
 * Starts a worker and resolves when signals have stopped it. Signals are listened to before anything else, since a process
 * that starts as PID 1 loses those that it does not. Mistakes of the user end in a line and exit code 1.
 */
export async function runUntilSignal(parts: RunParts): Promise<void> {
  const { process } = parts;
  ignoreLostReaders(process);
  const stops = new Stops(process);
  try {
    const worker = await startOrComplain(parts, stops);
    if (worker === null) {
      process.exitCode = stops.isAsked ? stops.code : 1;
      return;
    }
    await untilStopped(worker);
    process.exitCode = stops.code;
    // A handler that cannot be stopped would keep the process alive until it is killed.
    if (worker.runaways > 0) process.exit(stops.code);
  } finally {
    stops.close();
  }
}

/** Null where it does not run. A programming error keeps its stack; the message of a CeleryError has the remedy. */
async function startOrComplain({ create, health, complain }: RunParts, stops: Stops): Promise<Worker | null> {
  try {
    const worker = await create();
    if (stops.isAsked) return null;
    stops.take(worker);
    const starting = worker.start({ health: health() });
    await Promise.race([starting, untilStopped(worker)]);
    if (!stops.isAsked) await starting;
    return worker;
  } catch (error) {
    if (stops.isAsked) {
      await stops.ended;
      return null;
    }
    if (!(error instanceof CeleryError)) throw error;
    complain(`The worker did not start (${error.code}): ${error.message}`);
    return null;
  }
}

/** A worker stopped by its own program ends the waiting too. */
function untilStopped(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.state === "stopped") resolve();
    else worker.on("stateChanged", ({ to }) => void (to === "stopped" && resolve()));
  });
}

/**
 * The signals of a process. The first SIGINT, SIGTERM or SIGHUP stops warm, a second signal, and SIGQUIT at once, cold, as
 * with Celery (celery/apps/worker.py); a third ends the process. SIGUSR2 does nothing, where Node would end; SIGUSR1 is
 * left to Node, which starts its inspector.
 */
class Stops {
  readonly #process: HostProcess;
  readonly #listeners: readonly (readonly [StopSignal | "SIGUSR2", () => void])[];
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #code = 0;
  #asked = 0;

  constructor(process: HostProcess) {
    this.#process = process;
    const stops = signals.map((signal) => [signal, () => this.#onSignal(signal)] as const);
    this.#listeners = [...stops, ["SIGUSR2", () => {}]];
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  get isAsked(): boolean {
    return this.#asked > 0;
  }

  /** Exit code by the signals so far. */
  get code(): number {
    return this.#code;
  }

  /** Resolves when the stop that was asked for has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  take(worker: Worker): void {
    this.#worker = worker;
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) this.#process.off(signal, listener);
  }

  #onSignal(signal: StopSignal): void {
    this.#asked += 1;
    const isCold = this.#asked > 1 || signal === "SIGQUIT";
    if (isCold) this.#code = coldCodes[signal];
    // The loading of tasks cannot be stopped, and a cold stop ends by itself within seconds.
    if (this.#asked > 2 || (isCold && this.#worker === null)) return this.#process.exit(this.#code);
    if (this.#worker !== null) this.#ended = this.#worker.stop(isCold ? { grace: 0 } : {}).catch(() => {});
  }
}

/** A log whose reader is gone, or whose disk is full, must not end the work: without a listener the error is uncaught. */
function ignoreLostReaders({ stdout, stderr }: HostProcess): void {
  for (const stream of [stdout, stderr]) stream?.on("error", () => {});
}
