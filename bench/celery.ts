import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "..");

/** Python of a venv with Celery, as the interop tests made it, or null. */
export function findCelery(): string | null {
  const pythons = globSync("node_modules/.cache/leveret/celery-*/bin/python", { cwd: root });
  return pythons.map((path) => join(root, path)).find((path) => existsSync(join(path, "../../.complete"))) ?? null;
}

/** Tasks per second of a solo worker over a filled queue of `count` no-op tasks. */
export function workOff(python: string, brokerUrl: string, queue: string, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = spawn(
      python,
      [
        "-m",
        "celery",
        "-A",
        "celery_app",
        "worker",
        "-P",
        "solo",
        "-Q",
        queue,
        "-l",
        "ERROR",
        "--without-gossip",
        "--without-mingle",
      ],
      {
        cwd: join(import.meta.dirname, "python"),
        env: { ...process.env, CELERY_BROKER_URL: brokerUrl, BENCH_COUNT: String(count), C_FORCE_ROOT: "1" },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
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
