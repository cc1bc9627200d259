import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PortTakenError, RabbitLocalError } from "./errors.ts";
import { type FoundServer, describeServer, findServer } from "./find/find.ts";
import { ContainerLauncher } from "./node/container-launcher.ts";
import { FilesLauncher } from "./node/files-launcher.ts";
import type { Launcher } from "./node/launcher.ts";
import { ManagedNode, type RabbitNode } from "./node/node.ts";
import { type ClusterRequest, countPorts, planNodes } from "./node/plan.ts";
import { type RabbitOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { findFreePorts, isFree } from "./system/ports.ts";
import { Watchdog } from "./system/watchdog.ts";

/** A running RabbitMQ of one or several nodes, on 127.0.0.1 only, with user `guest`, password `guest`. */
export interface RabbitServer {
  /** The AMQP address of the first node. */
  readonly url: string;
  /** The AMQP addresses of all nodes, in order. */
  readonly urls: readonly string[];
  /** The first node's management API and page; null without the plugin `rabbitmq_management`. */
  readonly managementUrl: string | null;
  /** RabbitMQ's version: `3.10.8`. */
  readonly version: string;
  /** The nodes, in order. */
  readonly nodes: readonly RabbitNode[];
  /** Runs `rabbitmqctl` against the first node that is up and returns its output. It takes a second or two. */
  ctl(...args: readonly string[]): Promise<string>;
  /**
   * Ends all nodes at once and removes their files; takes well under a second, at most some ten. May be called twice.
   * The end of the calling process does the same, even by SIGKILL.
   */
  stop(): Promise<void>;
}

const ATTEMPTS = 3;

/**
 * Starts a temporary RabbitMQ and resolves when it accepts connections.
 *
 * @throws {@link RabbitLocalError} `option-invalid`, `server-missing`, `install-failed`, `start-failed`
 * @example
 * ```ts
 * const rabbit = await startRabbit({ plugins: ["rabbitmq_management"] });
 * console.log(rabbit.url);
 * await rabbit.stop();
 * ```
 */
export async function startRabbit(options: RabbitOptions = {}): Promise<RabbitServer> {
  const resolved = resolveOptions(options, process.env);
  await checkPort(resolved);
  const found = await findServer(resolved.server, resolved.onProgress);
  resolved.onProgress(
    `starting ${resolved.nodes === 1 ? "a node" : `${resolved.nodes} nodes`} of ${describeServer(found)}`,
  );
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(found, resolved);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === ATTEMPTS) throw error;
      resolved.onProgress("a port was taken meanwhile; trying others");
    }
  }
}

async function checkPort({ port, nodes }: ResolvedOptions): Promise<void> {
  if (port === null) return;
  for (let wanted = port; wanted < port + nodes; wanted++) {
    if (await isFree(wanted)) continue;
    throw new RabbitLocalError(
      "start-failed",
      `The port is in use: ${wanted} of 127.0.0.1. Stop the program that listens there, or leave out the port.`,
    );
  }
}

async function startOnce(found: FoundServer, options: ResolvedOptions): Promise<RabbitServer> {
  const folder = await mkdtemp(join(tmpdir(), "rabbit-local-"));
  const watchdog = new Watchdog(folder);
  try {
    const place = found.kind === "files" ? "machine" : "container";
    const request: ClusterRequest = { ...options, place, folder };
    const [epmdPort = 0, ...ports] = await findFreePorts(1 + countPorts(request));
    const plans = planNodes(request, ports);
    const launcher = createLauncher(found, folder, epmdPort, watchdog);
    await launcher.prepare(plans);
    const nodes = plans.map((plan) => new ManagedNode(plan, launcher, watchdog, options.startTimeoutMs));
    await Promise.all(nodes.map((node) => node.start()));
    const server = new ManagedServer(nodes, watchdog);
    checkPlugins(options.plugins, server);
    if (nodes.length > 1) await server.ctl("await_online_nodes", String(nodes.length));
    return server;
  } catch (error) {
    await watchdog.finish();
    throw error;
  }
}

function createLauncher(found: FoundServer, folder: string, epmdPort: number, watchdog: Watchdog): Launcher {
  return found.kind === "files"
    ? new FilesLauncher(found.files, folder, epmdPort, watchdog)
    : new ContainerLauncher(found.image, watchdog);
}

/** A node silently starts without an unknown plugin. */
function checkPlugins(wanted: readonly string[], server: ManagedServer): void {
  const absent = wanted.filter((plugin) => !server.plugins.includes(plugin));
  if (absent.length === 0) return;
  throw new RabbitLocalError(
    "option-invalid",
    `RabbitMQ ${server.version} has no such plugin: ${absent.join(", ")}. Correct the option plugins.`,
  );
}

class ManagedServer implements RabbitServer {
  readonly nodes: readonly ManagedNode[];
  readonly #watchdog: Watchdog;
  #stopped: Promise<void> | null = null;

  constructor(nodes: readonly ManagedNode[], watchdog: Watchdog) {
    this.nodes = nodes;
    this.#watchdog = watchdog;
  }

  get url(): string {
    return this.#first.url;
  }

  get urls(): readonly string[] {
    return this.nodes.map((node) => node.url);
  }

  get managementUrl(): string | null {
    return this.#first.managementUrl;
  }

  get version(): string {
    const { startup } = this.#first;
    return startup.status === "complete" ? startup.version : "unknown";
  }

  /** The plugins that run, those that the enabled ones need included. */
  get plugins(): readonly string[] {
    const { startup } = this.#first;
    return startup.status === "complete" ? startup.plugins : [];
  }

  get #first(): ManagedNode {
    const [first] = this.nodes;
    if (first === undefined) throw new RangeError("a server has at least one node");
    return first;
  }

  ctl(...args: readonly string[]): Promise<string> {
    const node = this.nodes.find((each) => each.running);
    if (node === undefined) return Promise.reject(new RabbitLocalError("stopped", "No node of this RabbitMQ is up"));
    return node.ctl(...args);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#watchdog.finish();
    await Promise.all(this.nodes.map((node) => node.untilDown()));
  }
}
