import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";

/** Where the programs are. */
export const folder: string = join(import.meta.dirname, "../python");

/** What an expression came to in Python. */
export interface Answer {
  readonly repr?: string;
  /** kombu's JSON of the value, or null where it has none. */
  readonly value?: string | null;
  readonly error?: string;
  readonly module?: string;
  readonly message?: string;
}

export interface PythonOptions {
  /** The venv's interpreter. */
  readonly python: string;
  readonly brokerUrl: string;
  /** Celery settings over those of app.py. */
  readonly conf?: Readonly<Record<string, unknown>>;
}

/** What they find around them. */
export function environment(options: PythonOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CELERY_BROKER_URL: options.brokerUrl,
    INTEROP_CONF: JSON.stringify(options.conf ?? {}),
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    C_FORCE_ROOT: "1",
  };
}

/** A Python process with Celery that evaluates expressions, one after the other. */
export class PythonClient {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #ready: Promise<string>;
  #errors = "";
  #count = 0;

  constructor(options: PythonOptions) {
    this.#child = spawn(options.python, ["driver.py"], { cwd: folder, env: environment(options), stdio: "pipe" });
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-8000)));
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        const message = JSON.parse(line) as { ready?: string; id: number } & Answer;
        if (message.ready !== undefined) resolve(message.ready);
        else this.#settle(message.id, message);
      });
      this.#child.on("close", (code) => {
        const error = new Error(`Python ended with ${code}: ${this.#errors}`);
        reject(error);
        for (const id of this.#waiting.keys()) this.#settle(id, { error: "Exit", message: error.message });
      });
    });
    this.#ready.catch(() => undefined);
  }

  /** Celery's version, once it is up. */
  ready(): Promise<string> {
    return this.#ready;
  }

  /** Evaluates one expression; `_` is the value of the one before. */
  async answer(code: string): Promise<Answer> {
    await this.#ready;
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ id, code })}\n`);
    });
  }

  /** The value of an expression as parsed JSON; fails the test when Python raised. */
  async value(code: string): Promise<unknown> {
    const answer = await this.answer(code);
    if (answer.error !== undefined) throw new Error(`${code} raised ${answer.error}: ${answer.message}`);
    return answer.value === null || answer.value === undefined ? answer.repr : (JSON.parse(answer.value) as unknown);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await closed;
    clearTimeout(timer);
  }

  #settle(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}

export interface PythonWorkerOptions extends PythonOptions {
  readonly queues: readonly string[];
  readonly name: string;
  readonly concurrency?: number;
  /** Default `threads`. */
  readonly pool?: "threads" | "prefork";
  /** Starts with mingle and gossip. Default false. */
  readonly sociable?: boolean;
}

/** A real Celery worker process. */
export class PythonWorker {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #log = "";

  constructor(options: PythonWorkerOptions) {
    this.#child = spawn(
      options.python,
      [
        "-m",
        "celery",
        "-A",
        "app",
        "worker",
        "-Q",
        options.queues.join(","),
        "-n",
        `${options.name}@interop`,
        "-c",
        String(options.concurrency ?? 2),
        "-P",
        options.pool ?? "threads",
        "-l",
        "INFO",
        ...(options.sociable === true ? [] : ["--without-gossip", "--without-mingle"]),
      ],
      { cwd: folder, env: environment(options), stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#ready = new Promise((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        this.#log = (this.#log + chunk.toString()).slice(-100_000);
        if (this.#log.includes(" ready.")) resolve();
      };
      this.#child.stdout?.on("data", take);
      this.#child.stderr?.on("data", take);
      this.#child.on("close", (code) =>
        reject(new Error(`The Celery worker ended with ${code}: ${this.#log.slice(-4000)}`)),
      );
    });
    this.#ready.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  /** What it printed so far (the last 100 000 characters). */
  get log(): string {
    return this.#log;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 20_000);
    await closed;
    clearTimeout(timer);
  }
}
