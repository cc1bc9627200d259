import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";
import type { Order, ProgramSetting } from "./judging/orders.ts";

/** What a program is made of. */
export interface ProgramParts {
  readonly sort: "publisher" | "worker";
  readonly setting: Omit<ProgramSetting, "urls" | "redisUrl">;
  /** Where records and logs go. */
  readonly folder: string;
  readonly brokerUrls: readonly string[];
  readonly redisUrl: string;
  /** It ended by itself, and should not have. */
  readonly onSurprise: (what: string) => void;
}

/** How long a supervisor waits before it starts a process again. */
const RESTART_MS = 300;

/** A process under a supervisor, as in Kubernetes, with its own proxies to each node of the broker and to Redis. */
export class Program {
  readonly name: string;
  readonly proxies: readonly TcpProxy[];
  readonly #parts: ProgramParts;
  #process: ChildProcess | null = null;
  #isWanted = true;
  #isExpectedToEnd = false;
  #restarts = 0;

  private constructor(parts: ProgramParts, proxies: readonly TcpProxy[]) {
    this.name = parts.setting.name;
    this.proxies = proxies;
    this.#parts = parts;
  }

  static async start(parts: ProgramParts): Promise<Program> {
    const urls = [...parts.brokerUrls, parts.redisUrl];
    const program = new Program(parts, await Promise.all(urls.map((url) => createTcpProxy(url))));
    program.#spawn();
    return program;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  order(order: Order): void {
    // A process that has just died takes no orders, which is no error.
    if (this.#process?.connected === true) this.#process.send(order, () => {});
  }

  /** SIGKILL, SIGTERM; the supervisor starts it again. */
  signal(signal: "SIGKILL" | "SIGTERM"): void {
    this.#isExpectedToEnd = true;
    this.#process?.kill(signal);
  }

  /** SIGKILL of one of its children; false where it has none. */
  killChild(draw: number): boolean {
    const children = childrenOf(this.#process?.pid);
    const child = children[Math.floor(draw * children.length)];
    if (child === undefined) return false;
    try {
      process.kill(child, "SIGKILL");
      return true;
    } catch {
      return false;
    }
  }

  /** Lets it end as it does when all is well; true when it did so in time. */
  async finish(timeoutMs: number): Promise<boolean> {
    this.#isWanted = false;
    const child = this.#process;
    if (child === null) return true;
    const ended = once(child, "exit").then(() => true);
    if (this.#parts.sort === "publisher") this.order({ do: "finish" });
    else child.kill("SIGTERM");
    const inTime = await Promise.race([ended, pause(timeoutMs, false, { ref: false })]);
    if (!inTime) child.kill("SIGKILL");
    await ended;
    return inTime;
  }

  /** Ends at once, with its proxies to the broker. */
  async remove(): Promise<void> {
    this.#isWanted = false;
    const child = this.#process;
    if (child !== null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }

  #spawn(): void {
    const { sort, setting, folder } = this.#parts;
    const log = openSync(join(folder, `${this.name}.log`), "a");
    const urls = this.proxies.map(({ url }) => url);
    const redisUrl = urls.pop() ?? "";
    const whole: ProgramSetting = { ...setting, urls, redisUrl };
    const child = fork(join(import.meta.dirname, `programs/${sort}.ts`), [JSON.stringify(whole)], {
      env: { ...process.env, CHAOS_RECORDS: folder, CHAOS_NAME: this.name },
      execArgv: ["--conditions=@leveret/source", "--expose-gc"],
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.#process = child;
    this.#isExpectedToEnd = false;
    child.once("exit", (code, signal) => void this.#onExit(code, signal));
  }

  async #onExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    this.#process = null;
    // A worker that starts while no broker answers exits with 1: its supervisor tries again.
    const isRefusedStart = this.#parts.sort === "worker" && code === 1 && this.#isBrokerAway();
    if (this.#isWanted && !this.#isExpectedToEnd && !isRefusedStart) {
      this.#parts.onSurprise(`${this.name} ended by itself, with ${code ?? signal}`);
    }
    if (!this.#isWanted && code !== 0) this.#parts.onSurprise(`${this.name} finished with ${code ?? signal}`);
    if (!this.#isWanted) return;
    await pause(RESTART_MS);
    if (!this.#isWanted) return;
    this.#restarts += 1;
    this.#spawn();
  }

  #isBrokerAway(): boolean {
    const log = readFileSync(join(this.#parts.folder, `${this.name}.log`), "utf8");
    return /did not start \((broker-unreachable|connection-lost|rpc-timeout|results-unreachable|access-refused)\)[^\n]*\n*$/.test(
      log,
    );
  }
}

/** The processes that a process has started, as Linux knows them. */
function childrenOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
