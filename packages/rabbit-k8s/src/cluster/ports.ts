import type { ResolvedCluster } from "./resolved.ts";

/** The allowed clients of a port. */
export type PortAudience = "nodes" | "clients" | "management" | "metrics";

/** A port a node listens on. */
export interface ServerPort {
  /** As in the pod and in Services; at most 15 characters. */
  readonly name: string;
  readonly port: number;
  readonly audience: PortAudience;
  /** Names and protocols for Services and meshes. */
  readonly appProtocol?: string;
}

/** A protocol with its plain and its encrypted port. */
interface Protocol {
  readonly plugin: string | null;
  readonly plain: ServerPort;
  readonly encrypted: ServerPort | null;
}

const client = (name: string, port: number, appProtocol?: string): ServerPort => ({
  name,
  port,
  audience: "clients",
  ...(appProtocol !== undefined && { appProtocol }),
});

/** Erlang's port mapper and the links between nodes; the rest of the nodes' own traffic is in `peerPortRanges`. */
export const peerPorts: readonly ServerPort[] = [
  { name: "epmd", port: 4369, audience: "nodes" },
  { name: "cluster-rpc", port: 25672, audience: "nodes" },
];

/** Ports of command line tools (35672 to 35682) and of stream replication (6000 to 6500), between nodes only. */
export const peerPortRanges: readonly (readonly [first: number, last: number])[] = [
  [35672, 35682],
  [6000, 6500],
];

const protocols: readonly Protocol[] = [
  { plugin: null, plain: client("amqp", 5672, "amqp"), encrypted: client("amqps", 5671, "amqps") },
  {
    plugin: "rabbitmq_management",
    plain: { name: "management", port: 15672, audience: "management", appProtocol: "http" },
    encrypted: { name: "management-tls", port: 15671, audience: "management", appProtocol: "https" },
  },
  {
    plugin: "rabbitmq_prometheus",
    plain: { name: "prometheus", port: 15692, audience: "metrics", appProtocol: "prometheus.io/metrics" },
    encrypted: { name: "prometheus-tls", port: 15691, audience: "metrics", appProtocol: "prometheus.io/metrics" },
  },
  { plugin: "rabbitmq_stream", plain: client("stream", 5552), encrypted: client("streams", 5551) },
  { plugin: "rabbitmq_mqtt", plain: client("mqtt", 1883, "mqtt"), encrypted: client("mqtts", 8883, "mqtts") },
  { plugin: "rabbitmq_stomp", plain: client("stomp", 61613), encrypted: client("stomps", 61614) },
  {
    plugin: "rabbitmq_web_stomp",
    plain: client("web-stomp", 15674, "http"),
    encrypted: client("web-stomp-tls", 15673, "https"),
  },
  {
    plugin: "rabbitmq_web_mqtt",
    plain: client("web-mqtt", 15675, "http"),
    encrypted: client("web-mqtt-tls", 15676, "https"),
  },
  {
    plugin: "rabbitmq_web_amqp",
    plain: client("web-amqp", 15678, "http"),
    encrypted: client("web-amqp-tls", 15677, "https"),
  },
];

/** Every port the nodes of a cluster listen on, without the ranges between nodes. */
export function serverPorts({ plugins, tls, pod }: ResolvedCluster): readonly ServerPort[] {
  const spoken = protocols.filter(({ plugin }) => plugin === null || plugins.includes(plugin));
  return [
    ...spoken.flatMap(({ plain, encrypted }) => {
      if (tls === null || encrypted === null) return [plain];
      return tls.keepPlain ? [plain, encrypted] : [encrypted];
    }),
    ...peerPorts,
    ...(pod.ports ?? []).map(({ name, port }) => client(name, port)),
  ];
}

const known = [...peerPorts, ...protocols.flatMap(({ plain, encrypted }) => [plain, encrypted ?? plain])];

/** The names of all ports that a node may have by other props. */
export const ownPortNames: ReadonlySet<string> = new Set(known.map(({ name }) => name));

/** Is a port one that a node may have by other props? */
export function isOwnPort(port: number): boolean {
  return (
    known.some((own) => own.port === port) || peerPortRanges.some(([first, last]) => port >= first && port <= last)
  );
}

/** The ports others than the nodes use: those of the client Service. One metrics port only, or monitors count a node twice. */
export function clientPorts(cluster: ResolvedCluster): readonly ServerPort[] {
  const ports = serverPorts(cluster).filter((port) => port.audience !== "nodes");
  const encryptedMetrics = ports.some((port) => port.name === "prometheus-tls");
  return ports.filter((port) => !(encryptedMetrics && port.name === "prometheus"));
}

/** The port whose listener marks a node as ready for clients: it opens last, and closes in maintenance. */
export function readinessPort({ tls }: ResolvedCluster): "amqp" | "amqps" {
  return tls === null || tls.keepPlain ? "amqp" : "amqps";
}
