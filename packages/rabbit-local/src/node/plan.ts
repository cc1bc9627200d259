import { join } from "node:path";
import { isListener, listenerCount, pluginSettings } from "./plugins.ts";

/** Everything that is decided about a node before it is started. */
export interface NodePlan {
  /** Counted from 1. */
  readonly number: number;
  /** Its Erlang name: `rabbit1@localhost`. */
  readonly name: string;
  /** Its own folder: configuration, data, log. */
  readonly folder: string;
  /** Where it serves AMQP on 127.0.0.1. */
  readonly amqpPort: number;
  /** Where the nodes of a cluster and `rabbitmqctl` reach it. */
  readonly distributionPort: number;
  /** Where its plugins serve, by plugin. */
  readonly pluginPorts: Readonly<Record<string, number>>;
  /** The text of its `rabbitmq.conf`. */
  readonly conf: string;
  /** The text of its `enabled_plugins`. */
  readonly enabledPlugins: string;
}

/** What the nodes of one server have in common. */
export interface ClusterRequest {
  readonly folder: string;
  readonly nodes: number;
  readonly plugins: readonly string[];
  readonly conf: Readonly<Record<string, string>>;
}

/** How many ports {@link planNodes} uses up. */
export function countPorts(request: ClusterRequest): number {
  return request.nodes * (2 + listenerCount(request.plugins));
}

/** Plans the nodes of a server, with the ports given. */
export function planNodes(request: ClusterRequest, ports: readonly number[]): readonly NodePlan[] {
  const supply = ports.values();
  const numbers = Array.from({ length: request.nodes }, (_, index) => index + 1);
  return numbers.map((number) => planNode(request, number, supply));
}

function planNode(request: ClusterRequest, number: number, ports: Iterator<number, unknown>): NodePlan {
  const amqpPort = take(ports);
  const distributionPort = take(ports);
  const pluginPorts = Object.fromEntries(request.plugins.filter(isListener).map((plugin) => [plugin, take(ports)]));
  const settings: Record<string, string> = {
    "listeners.tcp.1": `127.0.0.1:${amqpPort}`,
    "log.console": "true",
    "log.file": "false",
    ...pluginSettings(pluginPorts),
    ...clusterSettings(request.nodes),
    ...request.conf,
  };
  return {
    number,
    name: nodeName(number),
    folder: join(request.folder, `node${number}`),
    amqpPort,
    distributionPort,
    pluginPorts,
    conf: formatConf(settings),
    enabledPlugins: `[${request.plugins.join(",")}].\n`,
  };
}

function nodeName(number: number): string {
  return `rabbit${number}@localhost`;
}

/** Without `pause_minority` a 3.x cluster ignores a split, which loses what a minority accepts. */
function clusterSettings(nodes: number): Readonly<Record<string, string>> {
  if (nodes === 1) return {};
  const names = Array.from({ length: nodes }, (_, index) => [
    `cluster_formation.classic_config.nodes.${index + 1}`,
    nodeName(index + 1),
  ]);
  return {
    "cluster_formation.peer_discovery_backend": "classic_config",
    ...Object.fromEntries(names),
    cluster_partition_handling: "pause_minority",
  };
}

function formatConf(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  return lines.join("");
}

function take(ports: Iterator<number, unknown>): number {
  const next = ports.next();
  if (next.done === true) throw new RangeError("fewer ports were given than countPorts asked for");
  return next.value;
}
