import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { promisify } from "node:util";
import type { Broker, BrokerNode } from "./broker.ts";

const run = promisify(execFile);

/** Nodes of a version that the lab of `RABBITMQ_LAB` starts, joined to a cluster where there are several. */
export async function startLabBroker(version: string, count: number): Promise<Broker> {
  const command = process.env["RABBITMQ_LAB"];
  if (command === undefined) throw new Error(`RabbitMQ ${version} comes from a lab, and RABBITMQ_LAB names none`);
  const port = await freePorts(count);
  const names = Array.from({ length: count }, (_, index) => `chaos${process.pid}n${index + 1}`);
  const formation = [
    "cluster_formation.peer_discovery_backend = classic_config",
    ...names.map((name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}@localhost`),
  ];
  const settings = count === 1 ? [] : formation;
  const nodes = names.map((name, index) => new LabNode({ command, version, name, port: port + index, settings }));
  try {
    await Promise.all(nodes.map((node) => node.start()));
    const [first] = nodes;
    if (first !== undefined && count > 1) await first.ctl("await_online_nodes", String(count));
    return { version: (await first?.ctl("version"))?.trim() ?? version, nodes, stop: () => removeAll(nodes) };
  } catch (error) {
    await removeAll(nodes);
    throw error;
  }
}

async function removeAll(nodes: readonly LabNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.remove()));
}

interface LabNodeParts {
  readonly command: string;
  readonly version: string;
  readonly name: string;
  readonly port: number;
  /** Lines of rabbitmq.conf. */
  readonly settings: readonly string[];
}

class LabNode implements BrokerNode {
  readonly url: string;
  readonly name: string;
  readonly #parts: LabNodeParts;
  #isRunning = false;

  constructor(parts: LabNodeParts) {
    this.#parts = parts;
    this.url = `amqp://guest:guest@127.0.0.1:${parts.port}`;
    this.name = `${parts.name}@localhost`;
  }

  get running(): boolean {
    return this.#isRunning;
  }

  async start(): Promise<void> {
    await this.#lab("start", String(this.#parts.port), ...this.#parts.settings);
    this.#isRunning = true;
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#lab("stop");
  }

  async kill(): Promise<void> {
    this.#isRunning = false;
    await this.#lab("kill");
  }

  ctl(...args: readonly string[]): Promise<string> {
    return this.#lab("ctl", "-q", ...args);
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.#lab("wipe");
  }

  async #lab(verb: string, ...args: readonly string[]): Promise<string> {
    const { command, version, name } = this.#parts;
    // Plugins would only cost time at each start.
    const env = { ...process.env, RABBIT_PLUGINS: "" };
    const { stdout } = await run(command, [version, verb, name, ...args], { env, maxBuffer: 16_000_000 });
    return stdout;
  }
}

/** The first of `count` ports in a row; the lab takes those 10 000 and 20 000 above them too. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 40_000);
    const wanted = Array.from({ length: count }, (_, index) =>
      [0, 10_000, 20_000].map((above) => port + index + above),
    );
    const free = await Promise.all(wanted.flat().map(isFree));
    if (free.every(Boolean)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
