import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { environment, folder, type PythonOptions } from "./python.ts";

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
