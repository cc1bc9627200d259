import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RabbitLocalError } from "./errors.ts";
import { findServer } from "./find/find.ts";
import { FilesLauncher, type ServerFiles } from "./node/files-launcher.ts";
import { ManagedNode, PortTakenError, type RabbitNode } from "./node/node.ts";
import { type ClusterRequest, countPorts, planNodes } from "./node/plan.ts";
import { type RabbitOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { findFreePorts } from "./system/ports.ts";
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
  /** Runs `rabbitmqctl` against the first node that is up and gives what it printed. It takes a second or two. */
  ctl(...args: readonly string[]): Promise<string>;
  /**
   * Ends all nodes at once and removes everything they wrote; takes well under a second, at most some ten. Safe to call
   * twice. Where it is not called, the end of the calling process does the same, be it by SIGKILL.
   */
  stop(): Promise<void>;
}

const ATTEMPTS = 3;

/**
 * Starts a throwaway RabbitMQ and resolves when it serves.
 *
 * @throws {@link RabbitLocalError} `option-invalid`, `server-missing`, `install-failed`, `start-failed`
 * @example
 * const rabbit = await startRabbit({ plugins: ["rabbitmq_management"] });
 * console.log(rabbit.url);
 * await rabbit.stop();
 */
export async function startRabbit(options: RabbitOptions = {}): Promise<RabbitServer> {
  const resolved = resolveOptions(options, process.env);
  const files = await findServer(resolved.server, resolved.onProgress);
  resolved.onProgress(`starting ${resolved.nodes === 1 ? "a node" : `${resolved.nodes} nodes`} of ${files.server}`);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(files, resolved);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === ATTEMPTS) throw error;
      resolved.onProgress("a port was taken meanwhile; trying others");
    }
  }
}

async function startOnce(files: ServerFiles, options: ResolvedOptions): Promise<RabbitServer> {
  const folder = await mkdtemp(join(tmpdir(), "rabbit-local-"));
  const watchdog = new Watchdog(folder);
  try {
    const request: ClusterRequest = { ...options, folder };
    const [epmdPort = 0, ...ports] = await findFreePorts(1 + countPorts(request));
    const plans = planNodes(request, ports);
    const launcher = new FilesLauncher(files, folder, epmdPort, watchdog);
    await launcher.prepare(plans);
    const nodes = plans.map((plan) => new ManagedNode(plan, launcher, watchdog, options.startTimeoutMs));
    await Promise.all(nodes.map((node) => node.start()));
    return new ManagedServer(nodes, watchdog);
  } catch (error) {
    await watchdog.finish();
    throw error;
  }
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
    return this.#first.version;
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
    this.#stopped ??= this.#watchdog.finish();
    return this.#stopped;
  }
}
