import { selectorLabels } from "../cluster/naming.ts";
import type { MonitoringProps } from "../cluster/props.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { clientPorts } from "../cluster/ports.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** One endpoint that Prometheus scrapes, of a pod or a Service. */
interface ScrapeEndpoint {
  readonly port: string;
  readonly path: string;
  readonly interval: string;
  readonly scheme?: "https";
  readonly tlsConfig?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, string[]>>;
}

/** A PodMonitor or ServiceMonitor of the Prometheus operator. */
export interface Monitor extends Manifest {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What makes Prometheus read the nodes: all metrics in sum, and the queues one by one. */
export function monitor(cluster: ResolvedCluster, monitoring: Required<MonitoringProps>): Monitor {
  const kind = monitoring.monitor === "ServiceMonitor" ? "ServiceMonitor" : "PodMonitor";
  const endpoints = scrapeEndpoints(cluster, monitoring.intervalSeconds);
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind,
    metadata: metadataOf(cluster, cluster.names.cluster, { labels: monitoring.labels }),
    spec: {
      selector: { matchLabels: selectorLabels(cluster.names.cluster) },
      namespaceSelector: { matchNames: [cluster.namespace] },
      ...(kind === "PodMonitor" ? { podMetricsEndpoints: endpoints } : { endpoints }),
    },
  };
}

function scrapeEndpoints(cluster: ResolvedCluster, intervalSeconds: number): readonly ScrapeEndpoint[] {
  const port = clientPorts(cluster).find(({ audience }) => audience === "metrics")?.name ?? "prometheus";
  const common = { port, interval: `${intervalSeconds}s`, ...encryption(cluster) };
  return [
    { ...common, path: "/metrics" },
    { ...common, path: "/metrics/detailed", params: { family: ["queue_coarse_metrics", "queue_consumer_count"] } },
  ];
}

function encryption({ tls, names, namespace }: ResolvedCluster): Partial<ScrapeEndpoint> {
  if (tls === null) return {};
  const ca = { secret: { name: tls.secretName, key: "ca.crt" } };
  return { scheme: "https", tlsConfig: { ca, serverName: `${names.cluster}.${namespace}.svc` } };
}
