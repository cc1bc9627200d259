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

/** Where nodes run: as processes of this machine, or in a container each. */
export type Place = "machine" | "container";

/** What the nodes of one server have in common. */
export interface ClusterRequest {
  readonly place: Place;
  readonly folder: string;
  readonly nodes: number;
  /** The AMQP port of the first node, from which the others count on; null for any. */
  readonly port: number | null;
  readonly plugins: readonly string[];
  readonly conf: Readonly<Record<string, string>>;
}

const LISTEN_ADDRESS: Readonly<Record<Place, string>> = { machine: "127.0.0.1", container: "0.0.0.0" };

/** How many ports {@link planNodes} uses up at most. */
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

/** Without `pause_minority` a 3.x cluster ignores a split, which loses what a minority accepts. */
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

/** From outside a container `guest` does not come over its loopback; that only this machine reaches it is Docker's part. */
function containerSettings({ place }: ClusterRequest): Readonly<Record<string, string>> {
  return place === "container" ? { "loopback_users.guest": "false" } : {};
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
