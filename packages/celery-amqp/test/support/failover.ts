import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Ids } from "../../src/ports/clock.ts";
import { CeleryError } from "../../src/ports/errors.ts";
import type { Logger } from "../../src/ports/logger.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { systemIds } from "../../src/system/clock.ts";
import { eventually } from "@leveret/test-support/eventually";
import type { RabbitCluster } from "@leveret/test-support/rabbit-cluster";

/** What befalls the leader of the queue. */
export type Fault = "kill" | "stop" | "pause" | "partition" | "isolate";

/** How one failover goes. */
export interface FailoverPlan {
  readonly fault: Fault;
  /** Where the publisher is connected when it happens. */
  readonly via: "leader" | "follower";
  /** How long the leader is away. */
  readonly awayMs: number;
  readonly options?: Partial<AmqpOptions>;
  readonly logger?: Logger;
}

/** What became of the messages of one failover. */
export interface FailoverReport {
  readonly sent: number;
  readonly confirmed: number;
  /** Sends that failed, by the code of their error. */
  readonly failed: Readonly<Record<string, number>>;
  /** Confirmed, and not in the queue afterwards. */
  readonly lost: readonly string[];
  /** In the queue more than once. */
  readonly twice: number;
  /** From the fault to the first confirm of a message sent after it; null where none came before the leader was back. */
  readonly resumedMs: number | null;
  readonly longestGapMs: number;
}

const PROPERTIES = { persistent: true };

/** Sends steadily to a quorum queue while its leader fails and comes back, then reads the queue from a node that never failed. */
export async function failover(cluster: RabbitCluster, plan: FailoverPlan): Promise<FailoverReport> {
  await untilWhole(cluster);
  const queue = `failover-${randomUUID().slice(0, 8)}`;
  const leader = await declareQuorum(cluster, queue);
  const others = cluster.urls.filter((_, index) => index !== leader - 1);
  const url = plan.via === "leader" ? [cluster.urls[leader - 1] ?? "", ...others] : others;
  const { options = {}, logger } = plan;
  const sender = createAmqpTransport(
    { url, backoff: { min: "50ms", max: "1000ms" }, ...options },
    { ids: inOrder(url.length), ...(logger === undefined ? {} : { logger }) },
  );
  await sender.connect();
  const traffic = new Traffic(sender, queue);
  try {
    await eventually("messages flow", () => traffic.confirmed.size > 100);
    await strike(cluster, leader, plan.fault);
    traffic.faultAt = Date.now();
    await pause(plan.awayMs);
    const resumedMs = traffic.resumedMs;
    await restore(cluster, leader, plan.fault);
    await pause(3000);
    await traffic.stop();
    const copies = await readAll(others, queue, traffic.confirmed);
    return {
      sent: traffic.sent,
      confirmed: traffic.confirmed.size,
      failed: traffic.failed,
      lost: [...traffic.confirmed.keys()].filter((id) => !copies.has(id)),
      twice: [...copies.values()].filter((count) => count > 1).length,
      resumedMs,
      longestGapMs: traffic.longestGapMs,
    };
  } finally {
    await traffic.stop();
    await sender.close();
    await rejoin(cluster, leader);
  }
}

/** A 3.x node that was silent for long may stay apart from the others until somebody restarts it. */
async function rejoin(cluster: RabbitCluster, node: number): Promise<void> {
  if (!cluster.version.startsWith("3.")) return;
  await cluster.kill(node);
  await cluster.start(node);
}

/** Keeps fifty sends under way, each with an id of its own. */
class Traffic {
  readonly confirmed = new Map<string, number>();
  readonly failed: Record<string, number> = {};
  sent = 0;
  faultAt = Number.POSITIVE_INFINITY;
  resumedMs: number | null = null;
  readonly #lanes: Promise<unknown>;
  #isStopping = false;

  constructor(transport: Transport, queue: string) {
    this.#lanes = Promise.all(Array.from({ length: 50 }, () => this.#lane(transport, queue)));
  }

  get longestGapMs(): number {
    const times = [...this.confirmed.values()].toSorted((a, b) => a - b);
    return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
  }

  /** Resolves when every send is settled. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#lanes;
  }

  async #lane(transport: Transport, queue: string): Promise<void> {
    while (!this.#isStopping) {
      const id = String(this.sent++);
      const sentAt = Date.now();
      try {
        const body = Buffer.from(id);
        const to = { exchange: "", routingKey: queue };
        await transport.publisher.publish({ headers: {}, properties: PROPERTIES, body }, to);
        this.confirmed.set(id, Date.now());
        if (sentAt > this.faultAt) this.resumedMs ??= Date.now() - this.faultAt;
      } catch (error) {
        const code = error instanceof CeleryError ? error.code : String(error);
        this.failed[code] = (this.failed[code] ?? 0) + 1;
      }
      await pause(50);
    }
  }
}

/** After a partition a node may restart by itself; each has to take clients and to know all others. */
async function untilWhole(cluster: RabbitCluster): Promise<void> {
  const end = Date.now() + 120_000;
  for (;;) {
    try {
      for (const [index, url] of cluster.urls.entries()) {
        const transport = createAmqpTransport({ url, connectTimeout: "2000ms" });
        try {
          await transport.connect();
        } finally {
          await transport.close();
        }
        await cluster.ctl(index + 1, "await_online_nodes", String(cluster.urls.length), "--timeout", "5");
      }
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(500);
    }
  }
}

async function declareQuorum(cluster: RabbitCluster, queue: string): Promise<number> {
  const transport = createAmqpTransport({ url: cluster.urls });
  await transport.connect({ retry: true });
  const table = { "x-queue-type": "quorum", "x-quorum-initial-group-size": cluster.urls.length };
  const declared = { name: queue, durable: true, autoDelete: false, exclusive: false, arguments: table };
  await transport.declare({ exchanges: [], queues: [declared], bindings: [] });
  await transport.close();
  return cluster.leaderOf(queue);
}

async function strike(cluster: RabbitCluster, node: number, fault: Fault): Promise<void> {
  if (fault === "partition" || fault === "isolate") await cluster.network?.[fault](node);
  else await cluster[fault](node);
}

async function restore(cluster: RabbitCluster, node: number, fault: Fault): Promise<void> {
  if (fault === "partition" || fault === "isolate") await cluster.network?.heal();
  else if (fault === "pause") await cluster.resume(node);
  else await cluster.start(node);
}

/** How often each id is in the queue, which is then deleted. */
async function readAll(
  url: readonly string[],
  queue: string,
  expected: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, number>> {
  const copies = new Map<string, number>();
  const transport = createAmqpTransport({ url, backoff: { min: "50ms", max: "1000ms" } });
  await transport.connect({ retry: true });
  await transport.subscribe({ queue, prefetch: 500 }, (delivery) => {
    const id = Buffer.from(delivery.message.body).toString();
    if (delivery.ack()) copies.set(id, (copies.get(id) ?? 0) + 1);
  });
  // What is missing after that is lost: the caller names it.
  await eventually("all is read", () => [...expected.keys()].every((id) => copies.has(id))).catch(() => {});
  await transport.deleteQueue(queue);
  await transport.close();
  return copies;
}

/** Leaves the addresses of a transport's two connections in their order; all other chance is real. */
function inOrder(addresses: number): Ids {
  let calls = 0;
  return { uuid: () => systemIds.uuid(), random: () => (calls < 2 * addresses ? ++calls / 1000 : systemIds.random()) };
}
