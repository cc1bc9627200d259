import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** How a command ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<Ending>;
}

const bin = join(import.meta.dirname, "../../src/bin.ts");
export const tasksFile: string = join(import.meta.dirname, "tasks.ts");

/** What the person who runs the tests may have set, and no command here is to know. */
const plain = { NO_COLOR: undefined, FORCE_COLOR: undefined, CELERY_RESULT_BACKEND: undefined };

/** Starts the real command as a child; it is gone when the test is. */
export function start(words: readonly string[], broker: string, environment: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", bin, ...words], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...plain, CELERY_BROKER_URL: broker, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => (out += String(data)));
  child.stderr.on("data", (data) => (err += String(data)));
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close").then(([code, signal]): Ending => ({ code, signal, out, err }));
  return { child, out: () => out, err: () => err, ended };
}

/** Runs the real command to its end. */
export function leveret(words: readonly string[], broker: string, environment?: NodeJS.ProcessEnv): Promise<Ending> {
  return start(words, broker, environment).ended;
}
