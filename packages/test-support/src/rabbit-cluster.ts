import { type RabbitServer, startRabbit } from "@leveret/rabbit-local";

/** Nodes of RabbitMQ for a test to break. They are counted from 1. */
export interface RabbitCluster {
  /** `3.10.8` */
  readonly version: string;
  /** The AMQP addresses of the nodes in order, as this process reaches them; they stay the same when a node restarts. */
  readonly urls: readonly string[];
  /** Ends a node at once, as a crash would (SIGKILL). */
  kill(node: number): Promise<void>;
  /** Stops a node in good order, as an upgrade would (SIGTERM). */
  stop(node: number): Promise<void>;
  /** Brings it back after `kill` or `stop`; resolves when it serves. */
  start(node: number): Promise<void>;
  /** Freezes a node (SIGSTOP): its sockets stay open, without a notice. */
  pause(node: number): Promise<void>;
  resume(node: number): Promise<void>;
  /** Runs `rabbitmqctl` on a node and gives what it printed. */
  ctl(node: number, ...args: readonly string[]): Promise<string>;
  /** The node that leads a quorum queue, as `asked` sees it; rejects where none is known within some seconds. */
  leaderOf(queue: string, asked?: number): Promise<number>;
  /** Cuts a network in two; null where the nodes share one host and there is none to cut. */
  readonly network: ClusterNetwork | null;
  /** Ends all nodes and removes what they wrote. The end of this process does the same. */
  remove(): Promise<void>;
}

/** The network between nodes that have a host each. Lost packets have no notice: no reset, no refusal. */
export interface ClusterNetwork {
  /** Packets between these nodes and the others vanish; clients reach all. */
  partition(...nodes: readonly number[]): Promise<void>;
  /** As `partition`, and clients' packets vanish too. */
  isolate(...nodes: readonly number[]): Promise<void>;
  /** Undoes both. */
  heal(): Promise<void>;
}

/** How to start a cluster. */
export interface ClusterRequest {
  /** Default 3. */
  readonly nodes?: number;
  /** Settings of `rabbitmq.conf`. Default: a minority pauses. */
  readonly conf?: Readonly<Record<string, string>>;
}

const DEFAULT_CONF = { cluster_partition_handling: "pause_minority" };

/** A cluster of the distribution's RabbitMQ on loopback: needs neither root nor a lab, and has no network to cut. */
export async function startLocalCluster(request: ClusterRequest = {}): Promise<RabbitCluster> {
  const { nodes = 3, conf = DEFAULT_CONF } = request;
  return new LocalCluster(await startRabbit({ nodes, conf }));
}

class LocalCluster implements RabbitCluster {
  readonly network = null;
  readonly #server: RabbitServer;

  constructor(server: RabbitServer) {
    this.#server = server;
  }

  get version(): string {
    return this.#server.version;
  }

  get urls(): readonly string[] {
    return this.#server.urls;
  }

  kill(node: number): Promise<void> {
    return this.#node(node).kill();
  }

  stop(node: number): Promise<void> {
    return this.#node(node).stop();
  }

  start(node: number): Promise<void> {
    return this.#node(node).start();
  }

  pause(node: number): Promise<void> {
    return this.#node(node).pause();
  }

  resume(node: number): Promise<void> {
    return this.#node(node).resume();
  }

  ctl(node: number, ...args: readonly string[]): Promise<string> {
    return this.#node(node).ctl(...args);
  }

  async leaderOf(queue: string, asked?: number): Promise<number> {
    const list = ["--silent", "list_queues", "--online", "name", "leader"];
    const text = await (asked === undefined ? this.#server.ctl(...list) : this.ctl(asked, ...list));
    const [, name] =
      text
        .split("\n")
        .map((line) => line.split("\t"))
        .find(([found]) => found === queue) ?? [];
    const index = this.#server.nodes.findIndex((node) => node.name === name);
    if (index === -1) throw new Error(`No leader of the queue ${queue} is known: ${name ?? "there is no such queue"}`);
    return index + 1;
  }

  remove(): Promise<void> {
    return this.#server.stop();
  }

  #node(number: number): RabbitServer["nodes"][number] {
    const node = this.#server.nodes[number - 1];
    if (node === undefined) throw new RangeError(`There is no node ${number}`);
    return node;
  }
}
