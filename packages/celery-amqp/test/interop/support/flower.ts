import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { environment, folder, type PythonOptions } from "@leveret/test-support/python";

/** A real Flower, in a process of its own. */
export class Flower {
  readonly url: string;
  readonly #child: ChildProcess;
  #log = "";

  private constructor(options: PythonOptions, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#child = spawn(
      options.python,
      ["-m", "celery", "-A", "app", "flower", "--address=127.0.0.1", `--port=${port}`],
      {
        cwd: folder,
        env: { ...environment(options), FLOWER_UNAUTHENTICATED_API: "true", FLOWER_INSPECT_TIMEOUT: "2000" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const take = (chunk: Buffer): void => void (this.#log = (this.#log + chunk.toString()).slice(-20_000));
    this.#child.stdout?.on("data", take);
    this.#child.stderr?.on("data", take);
  }

  static async start(options: PythonOptions): Promise<Flower> {
    return new Flower(options, await freePort());
  }

  /** What it printed so far. */
  get log(): string {
    return this.#log;
  }

  /** Null while it does not answer, or does not know what was asked for. */
  async get(path: string): Promise<unknown> {
    const response = await fetch(this.url + path).catch(() => null);
    return response?.ok === true ? await response.json() : null;
  }

  /** What it answers to a command; fails the test where it refuses. */
  async post(path: string): Promise<unknown> {
    const response = await fetch(this.url + path, { method: "POST" });
    if (!response.ok) throw new Error(`Flower answered ${response.status} to ${path}: ${await response.text()}`);
    return response.json();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await closed;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** What a browser makes of a page once its scripts have run: the text of its document. */
export async function renderPage(chromium: string, url: string): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), "leveret-chromium-"));
  // Containers have a small /dev/shm, and no user but root.
  const container = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const page = ["--virtual-time-budget=10000", "--dump-dom", url];
  try {
    const args = ["--headless", ...container, `--user-data-dir=${profile}`, ...page];
    const { stdout } = await promisify(execFile)(chromium, args, { maxBuffer: 64_000_000 });
    return stdout;
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
