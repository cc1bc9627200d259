import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PortTakenError, RabbitLocalError } from "../errors.ts";
import type { Watchdog } from "../system/watchdog.ts";
import type { Launcher } from "./launcher.ts";
import { explainFailure, followStartup, type Startup } from "./log.ts";
import type { NodePlan } from "./plan.ts";

/** A node of a {@link RabbitServer}, which can be stopped and started again with its data. */
export interface RabbitNode {
  /** Its Erlang name: `rabbit1@localhost`. */
  readonly name: string;
  /** Its AMQP address, with user and password. */
  readonly url: string;
  /** The address of its management API and page, with user and password; null without the plugin. */
  readonly managementUrl: string | null;
  /** The ports on 127.0.0.1 where its plugins serve, by plugin. */
  readonly pluginPorts: Readonly<Record<string, number>>;
  /** The file with everything it wrote since the server was started. */
  readonly logFile: string;
  /** Whether it is up: started, and neither stopped nor ended by itself. */
  readonly running: boolean;
  /** Brings it up again, at the same addresses. Does nothing where it is up. Throws `start-failed`. */
  start(): Promise<void>;
  /** Stops it gracefully, as an upgrade would; after 30 s it is killed. Does nothing where it is down. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. Does nothing where it is down. */
  kill(): Promise<void>;
  /** Freezes it: its connections stay open, without answers. Does nothing where it is down. */
  pause(): Promise<void>;
  /** Resumes it after `pause`. */
  resume(): Promise<void>;
  /** Resolves when it is down, for any reason. */
  untilDown(): Promise<void>;
  /** Runs `rabbitmqctl` against it and returns the output. Throws `command-failed`. */
  ctl(...args: readonly string[]): Promise<string>;
}

const STOP_TIMEOUT_MS = 30_000;
const CTL_TIMEOUT_MS = 60_000;

/** The life of one node: down, then up from `start` on, until it ends or is ended. */
export class ManagedNode implements RabbitNode {
  readonly #plan: NodePlan;
  readonly #launcher: Launcher;
  readonly #watchdog: Watchdog;
  readonly #startTimeoutMs: number;
  #process: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #started: Promise<void> | null = null;
  #startup: Startup = { status: "starting" };

  constructor(plan: NodePlan, launcher: Launcher, watchdog: Watchdog, startTimeoutMs: number) {
    this.#plan = plan;
    this.#launcher = launcher;
    this.#watchdog = watchdog;
    this.#startTimeoutMs = startTimeoutMs;
  }

  get name(): string {
    return this.#plan.name;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.#plan.amqpPort}`;
  }

  get managementUrl(): string | null {
    const port = this.#plan.pluginPorts["rabbitmq_management"];
    return port === undefined ? null : `http://guest:guest@127.0.0.1:${port}`;
  }

  get pluginPorts(): Readonly<Record<string, number>> {
    return this.#plan.pluginPorts;
  }

  get logFile(): string {
    return join(this.#plan.folder, "node.log");
  }

  get running(): boolean {
    return this.#process !== null;
  }

  /** The progress of its last start. */
  get startup(): Startup {
    return this.#startup;
  }

  async start(): Promise<void> {
    this.#started ??= this.#start();
    try {
      await this.#started;
    } catch (error) {
      this.#started = null;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const node = this.#process;
    if (node === null) return;
    node.ref();
    await this.#launcher.terminate(this.#plan, node);
    const inTime = new AbortController();
    await Promise.race([this.#ended, delay(STOP_TIMEOUT_MS, null, { signal: inTime.signal }).catch(ignoreAbort)]);
    inTime.abort();
    await this.kill();
  }

  async kill(): Promise<void> {
    const node = this.#process;
    if (node === null) return;
    node.ref();
    await this.#launcher.kill(this.#plan, node);
    await this.#ended;
  }

  async pause(): Promise<void> {
    if (this.#process !== null) await this.#launcher.pause(this.#plan, this.#process);
  }

  async resume(): Promise<void> {
    if (this.#process !== null) await this.#launcher.resume(this.#plan, this.#process);
  }

  async untilDown(): Promise<void> {
    this.#process?.ref();
    await this.#ended;
  }

  async ctl(...args: readonly string[]): Promise<string> {
    const result = await this.#launcher.ctl(this.#plan, args, CTL_TIMEOUT_MS);
    if (result.ok) return result.stdout;
    throw new RabbitLocalError(
      "command-failed",
      `rabbitmqctl failed: ${args[0] ?? ""} on ${this.name} (${result.failure}).`,
    );
  }

  async #start(): Promise<void> {
    if (this.#watchdog.finished)
      throw new RabbitLocalError("stopped", `The server was stopped: ${this.name}. Start a new one.`);
    const log = await open(this.logFile, "a");
    const offset = (await stat(this.logFile)).size;
    const node = this.#launcher.launch(this.#plan, log.fd);
    await log.close();
    this.#adopt(node);
    await this.#untilUp(node, offset);
    // A running server does not keep the process alive: the watchdog ends it.
    node.unref();
  }

  #adopt(node: ChildProcess): void {
    if (node.pid !== undefined) this.#watchdog.guard("group", node.pid);
    this.#process = node;
    this.#ended = this.#untilEnded(node);
  }

  async #untilEnded(node: ChildProcess): Promise<void> {
    await once(node, "exit").catch(ignoreAbort);
    if (node.pid !== undefined) this.#watchdog.forget(node.pid);
    this.#process = null;
    this.#started = null;
  }

  async #untilUp(node: ChildProcess, offset: number): Promise<void> {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), this.#startTimeoutMs);
    const ended = this.#ended.then(() => waiting.abort());
    const startup = await followStartup(this.logFile, offset, waiting.signal);
    clearTimeout(timer);
    if (startup.status === "complete") {
      this.#startup = startup;
      return;
    }
    const reason = this.#describeFailure(node, startup);
    await this.kill();
    await ended;
    const log = explainFailure((await readFile(this.logFile)).subarray(offset).toString());
    const message = `RabbitMQ did not start: ${this.name} ${reason}. Its log:\n${log}`;
    throw startup.status === "port-taken" ? new PortTakenError(message) : new RabbitLocalError("start-failed", message);
  }

  #describeFailure(node: ChildProcess, startup: Startup): string {
    if (startup.status === "port-taken") return "did not get a port it needs";
    const status = node.exitCode ?? node.signalCode;
    return status === null ? `was not up within ${this.#startTimeoutMs / 1000} s` : `ended with ${status}`;
  }
}

function ignoreAbort(): void {
  // The wait was aborted, or the process was never started.
}
