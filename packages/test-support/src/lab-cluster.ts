import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { labFolder, labProgram } from "@leveret/lab";
import type { ClusterNetwork, ClusterRequest, RabbitCluster } from "./rabbit-cluster.ts";

const run = promisify(execFile);

/** A version that the lab can start; the patch version is its own choice. */
export type LabVersion = "3.10" | "4.0" | "4.3";

/** How to start a cluster of the lab. */
export interface LabClusterRequest extends ClusterRequest {
  readonly version: LabVersion;
  /** Erlang's net tick time: nodes notice a silent one after about this long. Seconds, default 8 (Erlang's own: 60). */
  readonly tickSeconds?: number;
}

/** Where `LEVERET_LAB` is not set, tests that need the lab are skipped; in CI it must be. */
export const hasLab: boolean = labFolder !== null;

let clusters = 0;

/**
 * A cluster whose nodes have a host each (a network namespace), by the lab's `rabbit-cluster`. Needs root.
 */
export async function startLabCluster(request: LabClusterRequest): Promise<RabbitCluster> {
  const script = labProgram("rabbit-cluster");
  const { version, nodes = 3, tickSeconds = 8, conf = { cluster_partition_handling: "pause_minority" } } = request;
  clusters += 1;
  const name = `leveret-${process.pid}-${clusters}`;
  const guard = new Guard(script, name);
  try {
    const lines = Object.entries(conf).map(([key, value]) => `${key} = ${value}`);
    const up = ["up", "-v", version, "-s", String(nodes), ...lines];
    await run(script, [name, ...up], { env: { ...process.env, TICK: String(tickSeconds) } });
    const ports = await openGateway(script, name, nodes);
    const urls = ports.map((port) => `amqp://guest:guest@127.0.0.1:${port}`);
    const full = await run(script, [name, "ctl", "1", "-q", "version"]);
    return new LabCluster(script, name, full.stdout.trim(), urls, guard);
  } catch (error) {
    await guard.finish();
    throw error;
  }
}

/** A shell that waits on a pipe and stops the cluster when the pipe ends: on request, or when this process dies. */
class Guard {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(script: string, name: string) {
    const commands = 'trap "" HUP INT TERM PIPE; cat >/dev/null; "$1" "$2" down wipe';
    this.#shell = spawn("/bin/sh", ["-c", commands, "guard", script, name], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#ended = once(this.#shell, "exit");
  }

  async finish(): Promise<void> {
    this.#shell.stdin?.end();
    await this.#ended;
  }
}

/**
 * A child in the clients' namespace forwards the connections of a port of this machine's loopback: a listening socket
 * stays in the namespace where it was made, in any accepting process.
 */
async function openGateway(script: string, name: string, nodes: number): Promise<readonly number[]> {
  const program = join(import.meta.dirname, "lab-gateway.ts");
  const child = spawn(script, [name, "exec", process.execPath, program], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ports: number[] = [];
  for (let node = 1; node <= nodes; node++) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    ports.push((server.address() as AddressInfo).port);
    const taken = once(child, "message");
    child.send({ host: `r${node}`, port: 5672 }, server);
    await taken;
    server.close();
  }
  return ports;
}

class LabCluster implements RabbitCluster {
  readonly version: string;
  readonly urls: readonly string[];
  readonly network: ClusterNetwork;
  readonly #script: string;
  readonly #name: string;
  readonly #guard: Guard;

  constructor(script: string, name: string, version: string, urls: readonly string[], guard: Guard) {
    this.#script = script;
    this.#name = name;
    this.version = version;
    this.urls = urls;
    this.#guard = guard;
    this.network = {
      partition: async (...nodes) => void (await this.#run("partition", nodes.join(","))),
      isolate: async (...nodes) => void (await this.#run("isolate", nodes.join(","))),
      heal: async () => void (await this.#run("heal")),
    };
  }

  async kill(node: number): Promise<void> {
    await this.#run("kill", String(node));
  }

  async stop(node: number): Promise<void> {
    await this.#run("stop", String(node));
  }

  async start(node: number): Promise<void> {
    await this.#run("start", String(node));
  }

  async pause(node: number): Promise<void> {
    await this.#run("pause", String(node));
  }

  async resume(node: number): Promise<void> {
    await this.#run("resume", String(node));
  }

  ctl(node: number, ...args: readonly string[]): Promise<string> {
    return this.#run("ctl", String(node), ...args);
  }

  async leaderOf(queue: string, asked?: number): Promise<number> {
    return Number(await this.#run("leader", queue, ...(asked === undefined ? [] : [String(asked)])));
  }

  remove(): Promise<void> {
    return this.#guard.finish();
  }

  async #run(...args: readonly string[]): Promise<string> {
    // Some requests hang indefinitely while a network is cut (3.10).
    const { stdout } = await run(this.#script, [this.#name, ...args], { timeout: COMMAND_TIMEOUT_MS });
    return stdout.trim();
  }
}

const COMMAND_TIMEOUT_MS = 150_000;
