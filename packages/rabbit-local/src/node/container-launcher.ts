import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { RabbitLocalError } from "../errors.ts";
import { type CommandResult, runCommand } from "../system/command.ts";
import type { Watchdog } from "../system/watchdog.ts";
import type { Launcher } from "./launcher.ts";
import { type NodePlan, hostName } from "./plan.ts";

/**
 * Writes the node's files inside the container: an engine in a virtual machine would not see a folder of this machine.
 */
const ENTRY = `set -e
printf %s "$RABBIT_LOCAL_COOKIE" > /var/lib/rabbitmq/.erlang.cookie
chmod 400 /var/lib/rabbitmq/.erlang.cookie
chown rabbitmq:rabbitmq /var/lib/rabbitmq/.erlang.cookie
printf %s "$RABBIT_LOCAL_CONF" > /etc/rabbitmq/rabbitmq.conf
printf %s "$RABBIT_LOCAL_PLUGINS" > /etc/rabbitmq/enabled_plugins
exec docker-entrypoint.sh rabbitmq-server`;

const DOCKER_TIMEOUT_MS = 60_000;
const STOP_SECONDS = 25;

/** Runs nodes as containers of RabbitMQ's official image, with their ports published on 127.0.0.1. */
export class ContainerLauncher implements Launcher {
  readonly #image: string;
  readonly #id: string = randomBytes(4).toString("hex");
  readonly #cookie: string = randomBytes(20).toString("hex");
  readonly #watchdog: Watchdog;

  constructor(image: string, watchdog: Watchdog) {
    this.#image = image;
    this.#watchdog = watchdog;
  }

  async prepare(plans: readonly NodePlan[]): Promise<void> {
    this.#watchdog.guard("network", this.#network);
    await this.#docker("network", "create", this.#network);
    for (const plan of plans) {
      await mkdir(plan.folder);
      this.#watchdog.guard("container", this.#container(plan));
      await this.#docker("create", ...this.#createOptions(plan), this.#image, "sh", "-c", ENTRY);
    }
  }

  launch(plan: NodePlan, log: number): ChildProcess {
    return spawn("docker", ["start", "--attach", this.#container(plan)], {
      stdio: ["ignore", log, log],
      detached: true,
    });
  }

  async terminate(plan: NodePlan): Promise<void> {
    await this.#docker("stop", "-t", String(STOP_SECONDS), this.#container(plan));
  }

  async kill(plan: NodePlan): Promise<void> {
    await this.#docker("kill", this.#container(plan));
  }

  async pause(plan: NodePlan): Promise<void> {
    await this.#docker("pause", this.#container(plan));
  }

  async resume(plan: NodePlan): Promise<void> {
    await this.#docker("unpause", this.#container(plan));
  }

  ctl(plan: NodePlan, args: readonly string[], timeoutMs: number): Promise<CommandResult> {
    return runCommand("docker", ["exec", this.#container(plan), "rabbitmqctl", "--quiet", ...args], { timeoutMs });
  }

  get #network(): string {
    return `rabbit-local-${this.#id}`;
  }

  #container(plan: NodePlan): string {
    return `rabbit-local-${this.#id}-${plan.number}`;
  }

  #createOptions(plan: NodePlan): readonly string[] {
    const host = hostName("container", plan.number);
    const ports = [plan.amqpPort, ...Object.values(plan.pluginPorts)];
    const variables = {
      RABBITMQ_NODENAME: plan.name,
      RABBIT_LOCAL_COOKIE: this.#cookie,
      RABBIT_LOCAL_CONF: plan.conf,
      RABBIT_LOCAL_PLUGINS: plan.enabledPlugins,
    };
    const identity = ["--name", this.#container(plan), "--hostname", host];
    const network = ["--network", this.#network, "--network-alias", host];
    const publish = ports.flatMap((port) => ["--publish", `127.0.0.1:${port}:${port}`]);
    const environment = Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    return [...identity, ...network, ...publish, ...environment];
  }

  async #docker(...args: readonly string[]): Promise<void> {
    const result = await runCommand("docker", args, { timeoutMs: DOCKER_TIMEOUT_MS });
    if (!result.ok) throw new RabbitLocalError("command-failed", `docker ${args[0] ?? ""} failed: ${result.failure}`);
  }
}
