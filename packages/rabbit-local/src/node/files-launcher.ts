import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PortTakenError } from "../errors.ts";
import { type CommandResult, runCommand } from "../system/command.ts";
import type { Watchdog } from "../system/watchdog.ts";
import type { Launcher } from "./launcher.ts";
import type { NodePlan } from "./plan.ts";

/** A RabbitMQ on this machine's disk. */
export interface ServerFiles {
  /** The path of `rabbitmq-server`, with `rabbitmqctl` beside it. */
  readonly server: string;
  /** The folder with `erl` and `epmd`. */
  readonly erlang: string;
  /** Folders with shared libraries that the system itself lacks. */
  readonly libraries: readonly string[];
}

const LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}";
const EPMD_TIMEOUT_MS = 10_000;

/**
 * Runs nodes from files on this machine. They get their own `epmd` (the register of Erlang nodes, which a node would
 * else start for the whole machine and leave running), their own cookie and none of this process's RabbitMQ settings.
 */
export class FilesLauncher implements Launcher {
  readonly #files: ServerFiles;
  readonly #folder: string;
  readonly #epmdPort: number;
  readonly #watchdog: Watchdog;

  constructor(files: ServerFiles, folder: string, epmdPort: number, watchdog: Watchdog) {
    this.#files = files;
    this.#folder = folder;
    this.#epmdPort = epmdPort;
    this.#watchdog = watchdog;
  }

  async prepare(plans: readonly NodePlan[]): Promise<void> {
    await writeFile(join(this.#folder, ".erlang.cookie"), randomBytes(20).toString("hex"), { mode: 0o400 });
    // Read instead of the machine's own files in /etc/rabbitmq.
    await writeFile(join(this.#folder, "env.conf"), "");
    await writeFile(join(this.#folder, "advanced.config"), "[].\n");
    await mkdir(join(this.#folder, "conf.d"));
    await Promise.all(plans.map(writeNode));
    await this.#startEpmd();
  }

  launch(plan: NodePlan, log: number): ChildProcess {
    return spawn(this.#files.server, [], {
      stdio: ["ignore", log, log],
      // A process group of its own: it can be killed as a whole, and does not get Ctrl-C of the terminal.
      detached: true,
      cwd: plan.folder,
      env: this.#environment(plan),
    });
  }

  terminate(_plan: NodePlan, node: ChildProcess): Promise<void> {
    node.kill("SIGTERM");
    return Promise.resolve();
  }

  kill(_plan: NodePlan, node: ChildProcess): Promise<void> {
    return signalGroup(node, "SIGKILL");
  }

  pause(_plan: NodePlan, node: ChildProcess): Promise<void> {
    return signalGroup(node, "SIGSTOP");
  }

  resume(_plan: NodePlan, node: ChildProcess): Promise<void> {
    return signalGroup(node, "SIGCONT");
  }

  ctl(plan: NodePlan, args: readonly string[], timeoutMs: number): Promise<CommandResult> {
    const rabbitmqctl = join(dirname(this.#files.server), "rabbitmqctl");
    return runCommand(rabbitmqctl, ["--quiet", ...args], { env: this.#environment(plan), cwd: plan.folder, timeoutMs });
  }

  async #startEpmd(): Promise<void> {
    const epmd = join(this.#files.erlang, "epmd");
    const args = ["-port", String(this.#epmdPort), "-address", "127.0.0.1"];
    const child = spawn(epmd, args, {
      stdio: "ignore",
      detached: true,
      cwd: this.#folder,
      env: this.#baseEnvironment(),
    });
    const failed = once(child, "exit").then(
      ([code]) => `it exited with ${String(code)}`,
      (error: unknown) => String(error),
    );
    child.unref();
    if (child.pid !== undefined) this.#watchdog.guard("group", child.pid);
    const failure = await Promise.race([failed, untilListening(this.#epmdPort)]);
    if (failure !== null) throw new PortTakenError(`${epmd} did not start: ${failure}`);
  }

  #environment(plan: NodePlan): Record<string, string> {
    return {
      ...this.#baseEnvironment(),
      RABBITMQ_NODENAME: plan.name,
      RABBITMQ_BASE: plan.folder,
      RABBITMQ_MNESIA_BASE: join(plan.folder, "data"),
      RABBITMQ_LOG_BASE: join(plan.folder, "log"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(plan.folder, "enabled_plugins"),
      RABBITMQ_CONFIG_FILE: join(plan.folder, "rabbitmq.conf"),
      RABBITMQ_CONF_ENV_FILE: join(this.#folder, "env.conf"),
      RABBITMQ_CONFIG_FILES: join(this.#folder, "conf.d"),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(this.#folder, "advanced.config"),
      RABBITMQ_DIST_PORT: String(plan.distributionPort),
      RABBITMQ_SERVER_START_ARGS: LOOPBACK_ONLY,
      RABBITMQ_CTL_ERL_ARGS: LOOPBACK_ONLY,
      // The script then becomes the Erlang machine instead of waiting for it, so a signal to it reaches the node.
      RUNNING_UNDER_SYSTEMD: "true",
    };
  }

  /** Built from scratch, without settings of the machine's RabbitMQ or Erlang. */
  #baseEnvironment(): Record<string, string> {
    const path = [this.#files.erlang, process.env["PATH"] ?? "", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    const libraries = this.#files.libraries.join(delimiter);
    return {
      PATH: path.filter((folder) => folder !== "").join(delimiter),
      HOME: this.#folder,
      LANG: "C.UTF-8",
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(this.#epmdPort),
      ERL_CRASH_DUMP: "/dev/null",
      ...(libraries === "" ? {} : { LD_LIBRARY_PATH: libraries }),
    };
  }
}

async function writeNode(plan: NodePlan): Promise<void> {
  await mkdir(plan.folder);
  await writeFile(join(plan.folder, "rabbitmq.conf"), plan.conf);
  await writeFile(join(plan.folder, "enabled_plugins"), plan.enabledPlugins);
}

function signalGroup(leader: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  try {
    if (leader.pid !== undefined) process.kill(-leader.pid, signal);
  } catch {
    // It has ended already.
  }
  return Promise.resolve();
}

async function untilListening(port: number): Promise<string | null> {
  for (const end = Date.now() + EPMD_TIMEOUT_MS; Date.now() < end; await delay(10)) {
    if (await answers(port)) return null;
  }
  return `it did not listen within ${EPMD_TIMEOUT_MS / 1000} s`;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
