import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** One graph: its title, unit, and the expression of its lines with their legend. */
interface Graph {
  readonly title: string;
  readonly unit: string;
  readonly expression: string;
  readonly legend: string;
}

/** A small dashboard for Grafana's sidecar: is it up, is it full, does work get done. */
export function dashboard(cluster: ResolvedCluster): ConfigMap & Manifest {
  const key = `${cluster.names.cluster}.json`;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(cluster, cluster.names.dashboard, { labels: { grafana_dashboard: "1" } }),
    data: { [key]: `${JSON.stringify(board(cluster), null, 1)}\n` },
  };
}

function board(cluster: ResolvedCluster): unknown {
  return {
    title: `RabbitMQ ${cluster.namespace}/${cluster.names.cluster}`,
    uid: `${cluster.namespace}-${cluster.names.cluster}`.slice(0, 40),
    tags: ["rabbitmq"],
    schemaVersion: 39,
    refresh: "15s",
    time: { from: "now-1h", to: "now" },
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
    panels: graphs(cluster).map(panel),
  };
}

function graphs({ namespace, names }: ResolvedCluster): readonly Graph[] {
  const own = (metric: string): string => `${metric}{namespace="${namespace}",pod=~"${names.cluster}-[0-9]+"}`;
  return [
    { title: "Nodes", unit: "short", expression: `count(${own("rabbitmq_build_info")})`, legend: "nodes" },
    {
      title: "Messages ready",
      unit: "short",
      expression: `sum(${own("rabbitmq_queue_messages_ready")})`,
      legend: "ready",
    },
    {
      title: "Messages in work",
      unit: "short",
      expression: `sum(${own("rabbitmq_queue_messages_unacked")})`,
      legend: "unacknowledged",
    },
    {
      title: "Longest queues",
      unit: "short",
      expression: `topk(10, sum by (vhost, queue) (${own("rabbitmq_detailed_queue_messages")}))`,
      legend: "{{vhost}} {{queue}}",
    },
    { title: "Consumers", unit: "short", expression: `sum(${own("rabbitmq_consumers")})`, legend: "consumers" },
    {
      title: "Connections",
      unit: "short",
      expression: `sum by (pod) (${own("rabbitmq_connections")})`,
      legend: "{{pod}}",
    },
    { title: "Memory", unit: "bytes", expression: own("rabbitmq_process_resident_memory_bytes"), legend: "{{pod}}" },
    { title: "Disk left", unit: "bytes", expression: own("rabbitmq_disk_space_available_bytes"), legend: "{{pod}}" },
    {
      title: "Publishing",
      unit: "cps",
      expression: `sum(rate(${own("rabbitmq_global_messages_received_total")}[2m]))`,
      legend: "received",
    },
    {
      title: "Acknowledging",
      unit: "cps",
      expression: `sum(rate(${own("rabbitmq_global_messages_acknowledged_total")}[2m]))`,
      legend: "acknowledged",
    },
  ];
}

function panel({ title, unit, expression, legend }: Graph, index: number): unknown {
  return {
    id: index + 1,
    title,
    type: "timeseries",
    datasource: { type: "prometheus", uid: "${datasource}" },
    gridPos: { h: 7, w: 12, x: (index % 2) * 12, y: Math.floor(index / 2) * 7 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: [{ refId: "A", expr: expression, legendFormat: legend }],
  };
}
