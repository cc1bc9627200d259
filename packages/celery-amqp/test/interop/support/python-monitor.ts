import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { eventually } from "../../support/eventually.ts";
import { environment, folder, type PythonOptions } from "./python.ts";

/** An event as Celery's receiver sees it. */
export interface HeardEvent {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Python's name for the type of each field, in the order of the fields. */
  readonly kinds: Readonly<Record<string, unknown>>;
}

/** Celery's own event receiver, in a process of its own. */
export class PythonMonitor {
  readonly heard: HeardEvent[] = [];
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #errors = "";

  constructor(options: PythonOptions) {
    this.#child = spawn(options.python, ["monitor.py"], { cwd: folder, env: environment(options), stdio: "pipe" });
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-8000)));
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        const message = JSON.parse(line) as { readonly ready?: true } & HeardEvent;
        if (message.ready === true) resolve();
        else this.heard.push(message);
      });
      this.#child.on("close", (code) => reject(new Error(`The monitor ended with ${code}: ${this.#errors}`)));
    });
    this.#ready.catch(() => undefined);
  }

  /** It listens. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** The first event of a type from a worker, once it was heard. */
  async first(hostname: string, type: string): Promise<HeardEvent> {
    const find = (): HeardEvent | undefined =>
      this.heard.find(({ fields }) => fields["hostname"] === hostname && fields["type"] === type);
    await eventually(`${type} of ${hostname}`, () => find() !== undefined);
    return find() as HeardEvent;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await closed;
  }
}
