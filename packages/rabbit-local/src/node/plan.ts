import { join } from "node:path";
import { isListener, listenerCount, pluginSettings } from "./plugins.ts";

/** The plan of a node: names, ports and files. */
export interface NodePlan {
  /** Counted from 1. */
  readonly number: number;
  /** Its Erlang name: `rabbit1@localhost`. */
  readonly name: string;
  /** Its own folder: configuration, data, log. */
  readonly folder: string;
  /** Its AMQP port on 127.0.0.1. */
  readonly amqpPort: number;
  /** Its port for the other nodes and `rabbitmqctl`. */
  readonly distributionPort: number;
  /** The ports of its plugins, by plugin. */
  readonly pluginPorts: Readonly<Record<string, number>>;
  /** The text of its `rabbitmq.conf`. */
  readonly conf: string;
  /** The text of its `enabled_plugins`. */
  readonly enabledPlugins: string;
}

/** How nodes run: as processes of this machine, or in a container each. */
export type Place = "machine" | "container";

/** The common settings of a server's nodes. */
export interface ClusterRequest {
  readonly place: Place;
  readonly folder: string;
  readonly nodes: number;
  /** The AMQP port of the first node, the others have the next ones; null for any. */
  readonly port: number | null;
  readonly plugins: readonly string[];
  readonly conf: Readonly<Record<string, string>>;
}

const LISTEN_ADDRESS: Readonly<Record<Place, string>> = { machine: "127.0.0.1", container: "0.0.0.0" };

/** The most ports that {@link planNodes} uses. */
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
  const amqpPort = request.port === null ? take(ports) : request.port + number - 1;
  const distributionPort = take(ports);
  const pluginPorts = Object.fromEntries(request.plugins.filter(isListener).map((plugin) => [plugin, take(ports)]));
  const address = LISTEN_ADDRESS[request.place];
  const settings: Record<string, string> = {
    "listeners.tcp.1": `${address}:${amqpPort}`,
    "log.console": "true",
    "log.file": "false",
    ...pluginSettings(pluginPorts, address),
    ...clusterSettings(request),
    ...containerSettings(request),
    ...request.conf,
  };
  return {
    number,
    name: nodeName(request.place, number),
    folder: join(request.folder, `node${number}`),
    amqpPort,
    distributionPort,
    pluginPorts,
    conf: formatConf(settings),
    enabledPlugins: `[${request.plugins.join(",")}].\n`,
  };
}

/** The name by which the nodes of a cluster find the host of one of them. */
export function hostName(place: Place, number: number): string {
  return place === "machine" ? "localhost" : `rabbit${number}`;
}

function nodeName(place: Place, number: number): string {
  return `rabbit${number}@${hostName(place, number)}`;
}

/** Without `pause_minority` a 3.x cluster ignores a partition, which loses messages that a minority accepts. */
function clusterSettings({ place, nodes }: ClusterRequest): Readonly<Record<string, string>> {
  if (nodes === 1) return {};
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const names = numbers.map((number) => [`cluster_formation.classic_config.nodes.${number}`, nodeName(place, number)]);
  return {
    "cluster_formation.peer_discovery_backend": "classic_config",
    ...Object.fromEntries(names),
    cluster_partition_handling: "pause_minority",
  };
}

/** From outside a container `guest` does not connect over loopback; Docker publishes the ports only on this machine. */
function containerSettings({ place }: ClusterRequest): Readonly<Record<string, string>> {
  return place === "container" ? { "loopback_users.guest": "false" } : {};
}

function formatConf(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  return lines.join("");
}

function take(ports: Iterator<number, unknown>): number {
  const next = ports.next();
  if (next.done === true) throw new RangeError("fewer ports than countPorts");
  return next.value;
}
