import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Programs that are started again whenever they end. */
export interface Supervisor {
  /** How often a program has ended by itself. */
  readonly ends: number;
  /** Ends all programs with SIGKILL. Resolves when they are gone. */
  stop(): Promise<void>;
}

/** Keeps `count` copies of a program running, each with the same arguments. */
export function supervise(count: number, program: string, args: readonly string[]): Supervisor {
  const running = new Set<ChildProcess>();
  let ends = 0;
  let isStopped = false;
  const start = (): void => {
    const child = spawn(process.execPath, ["--conditions=@leveret/source", program, ...args], {
      stdio: "ignore",
    });
    running.add(child);
    child.once("exit", () => {
      running.delete(child);
      if (isStopped) return;
      ends += 1;
      start();
    });
  };
  for (let index = 0; index < count; index += 1) start();
  return {
    get ends() {
      return ends;
    },
    async stop() {
      isStopped = true;
      await Promise.all(
        [...running].map(async (child) => {
          const ended = once(child, "exit");
          child.kill("SIGKILL");
          await ended;
        }),
      );
    },
  };
}
