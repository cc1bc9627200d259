import { startLabCluster } from "@leveret/test-support/lab-cluster";
import { type RabbitCluster, startLocalCluster } from "@leveret/test-support/rabbit-cluster";
import type { ChaosOptions } from "./options.ts";

/** How a node is lost. */
export type Loss = "kill" | "stop";

/** The RabbitMQ of a run, used by no other program; records which nodes are down. Nodes are counted from 1. */
export class Broker {
  readonly cluster: RabbitCluster;
  readonly size: number;
  /** The consumer_timeout while it is limited, in milliseconds: no task may take longer. */
  readonly consumerTimeoutMs: number;
  readonly #away = new Set<number>();

  private constructor(cluster: RabbitCluster, consumerTimeoutMs: number) {
    this.cluster = cluster;
    this.size = cluster.urls.length;
    this.consumerTimeoutMs = consumerTimeoutMs;
  }

  /** Rejects where 4.3 is asked for and there is no lab. */
  static async start({ version, nodes }: ChaosOptions): Promise<Broker> {
    const cluster = await (version === "3.10" ? startLocalCluster({ nodes }) : startLabCluster({ version, nodes }));
    const broker = new Broker(cluster, version === "3.10" ? 1_000 : 4_000);
    for (let node = 1; node <= broker.size; node += 1) await broker.#hasten(node);
    return broker;
  }

  async lose(node: number, how: Loss): Promise<void> {
    this.#away.add(node);
    await this.cluster[how](node);
  }

  async bringBack(node: number): Promise<void> {
    await this.cluster.start(node);
    this.#away.delete(node);
    await this.#hasten(node);
  }

  /** The first node that is up. */
  get anyNode(): number {
    const up = Array.from({ length: this.size }, (_, index) => index + 1).find((node) => !this.#away.has(node));
    if (up === undefined) throw new Error("No node of the broker is up");
    return up;
  }

  /** `rabbitmqctl` on a node that is up; what it printed. */
  ctl(...args: readonly string[]): Promise<string> {
    return this.cluster.ctl(this.anyNode, ...args);
  }

  /** Every node that is away is back. */
  async heal(): Promise<void> {
    await this.cluster.network?.heal();
    for (const node of this.#away) await this.bringBack(node);
  }

  /** RabbitMQ waits three minutes for a queue to confirm a dead letter before it sends it again; here five seconds. */
  async #hasten(node: number): Promise<void> {
    // Alone, a node sends everything again when it is back.
    if (this.size === 1) return;
    const setting = "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 5000).";
    await this.cluster.ctl(node, "eval", setting);
  }
}
