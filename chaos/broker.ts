import { type RabbitServer, startRabbit } from "@leveret/rabbit-local";
import { startLabBroker } from "./lab-broker.ts";
import type { ChaosOptions } from "./options.ts";

/** A node that can be hurt. */
export interface BrokerNode {
  /** Its AMQP address. */
  readonly url: string;
  /** As Erlang calls it: `rabbit1@localhost`. */
  readonly name: string;
  readonly running: boolean;
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** `rabbitmqctl` against this node; what it printed. */
  ctl(...args: readonly string[]): Promise<string>;
}

/** A RabbitMQ of one node or several, which nobody else uses. */
export interface Broker {
  readonly version: string;
  readonly nodes: readonly BrokerNode[];
  stop(): Promise<void>;
}

/** Starts the RabbitMQ that a run asks for. Rejects where 4.3 is asked for and there is no lab. */
export async function startBroker({ version, nodes }: ChaosOptions, tell: (line: string) => void): Promise<Broker> {
  if (version === "4.3") return startLabBroker(version, nodes);
  const rabbit: RabbitServer = await startRabbit({ nodes, onProgress: tell });
  return rabbit;
}

/** The first node that is up. */
export function anyRunning({ nodes }: Broker): BrokerNode {
  const node = nodes.find(({ running }) => running);
  if (node === undefined) throw new Error("No node of the broker is up");
  return node;
}
