import { type ChildProcess, spawn } from "node:child_process";

/** Runs the Go client once: gocelery's client is also a consumer, so one process sends one task. */
export function goSend(
  binary: string,
  brokerUrl: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      env: { ...process.env, CELERY_BROKER_URL: brokerUrl },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A real gocelery worker process on the queue `celery` of the broker's vhost. */
export class GoWorker {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #log = "";

  constructor(binary: string, brokerUrl: string) {
    this.#child = spawn(binary, ["worker"], {
      env: { ...process.env, CELERY_BROKER_URL: brokerUrl },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ready = new Promise((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        this.#log += chunk.toString();
        if (this.#log.includes("ready")) resolve();
      };
      this.#child.stdout?.on("data", take);
      this.#child.stderr?.on("data", take);
      this.#child.on("close", (code) => reject(new Error(`The Go worker ended with ${code}: ${this.#log}`)));
    });
    this.#ready.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  get log(): string {
    return this.#log;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await closed;
  }
}
