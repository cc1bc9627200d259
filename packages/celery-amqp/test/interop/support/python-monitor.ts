import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "@leveret/test-support/eventually";
import { environment, folder, type PythonOptions } from "@leveret/test-support/python";

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

  /** The first event of a type from a worker, or of a task there, once it was heard. */
  async first(hostname: string, type: string, uuid?: string): Promise<HeardEvent> {
    await eventually(`${type} of ${hostname}`, () => this.#find(hostname, type, uuid) !== undefined);
    return this.#find(hostname, type, uuid) as HeardEvent;
  }

  /** Whether it has heard such an event, now or before so much time has passed. */
  async hears(hostname: string, type: string, withinMs: number): Promise<boolean> {
    const end = Date.now() + withinMs;
    while (this.#find(hostname, type) === undefined && Date.now() < end) await pause(10);
    return this.#find(hostname, type) !== undefined;
  }

  #find(hostname: string, type: string, uuid?: string): HeardEvent | undefined {
    return this.heard.find(
      ({ fields }) =>
        fields["hostname"] === hostname && fields["type"] === type && (uuid === undefined || fields["uuid"] === uuid),
    );
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await closed;
  }
}
