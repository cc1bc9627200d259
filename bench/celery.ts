import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const root = join(import.meta.dirname, "..");

/** Where the programs for Celery are. */
export const pythonFolder: string = join(import.meta.dirname, "python");

/** Python of a venv with Celery 5.6.3 and its Redis client, as the interop tests made it, or null. */
export function findCelery(): string | null {
  const venvs = globSync("node_modules/.cache/leveret/celery-*", { cwd: root }).map((path) => join(root, path));
  const fitting = venvs.find(
    (venv) =>
      existsSync(join(venv, ".complete")) &&
      readFileSync(join(venv, ".complete"), "utf8").trim() === "5.6.3" &&
      globSync("lib/python3*/site-packages/redis", { cwd: venv }).length > 0,
  );
  return fitting === undefined ? null : join(fitting, "bin/python");
}

interface CeleryWorker {
  /** Its module in bench/python. */
  readonly app: string;
  readonly queue: string;
  /** What follows `-P`. */
  readonly pool: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a worker without what no-op tasks do not need. */
export function celeryWorker(
  python: string,
  { app, queue, pool, env }: CeleryWorker,
): ChildProcessByStdio<null, Readable, null> {
  const flags = ["-l", "ERROR", "--without-gossip", "--without-mingle"];
  return spawn(python, ["-m", "celery", "-A", app, "worker", "-Q", queue, ...flags, "-P", ...pool], {
    cwd: pythonFolder,
    env: { ...process.env, ...env, C_FORCE_ROOT: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Tasks per second of a solo worker over a filled queue of `count` no-op tasks. */
export function workOff(python: string, brokerUrl: string, queue: string, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = celeryWorker(python, {
      app: "celery_app",
      queue,
      pool: ["solo"],
      env: { CELERY_BROKER_URL: brokerUrl, BENCH_COUNT: String(count) },
    });
    let figure = Number.NaN;
    createInterface({ input: worker.stdout }).on("line", (line) => {
      const match = /^bench (\S+)$/.exec(line.trim());
      if (match === null) return;
      figure = Number(match[1]);
      worker.kill("SIGTERM");
    });
    worker.on("error", reject);
    worker.on("close", () =>
      Number.isNaN(figure) ? reject(new Error("Celery ended without a figure")) : resolve(figure),
    );
  });
}
