import type { ResolvedCluster } from "../cluster/resolved.ts";
import type { Strings } from "../cluster/props.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** One alert of Prometheus. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" };
  readonly annotations: { readonly summary: string; readonly description: string };
}

/** Alert rules as the Prometheus operator takes them. */
export interface PrometheusRule extends Manifest {
  readonly spec: { readonly groups: { readonly name: string; readonly rules: readonly AlertRule[] }[] };
}

/** The alerts of a cluster as an object of the Prometheus operator. */
export function prometheusRule(cluster: ResolvedCluster, labels: Strings): PrometheusRule {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: metadataOf(cluster, cluster.names.alerts, { labels }),
    spec: { groups: [{ name: `${cluster.namespace}/${cluster.names.cluster}`, rules: alertRules(cluster) }] },
  };
}

/** The alerts of a cluster. Every metric in them exists on the versions this package was run with. */
export function alertRules(cluster: ResolvedCluster): readonly AlertRule[] {
  return [...health(cluster), ...resources(cluster), ...messages(cluster)];
}

/** Restricts a metric to this cluster's pods. */
function own({ namespace, names }: ResolvedCluster, metric: string, more = ""): string {
  return `${metric}{namespace="${namespace}",pod=~"${names.cluster}-[0-9]+"${more}}`;
}

function health(cluster: ResolvedCluster): readonly AlertRule[] {
  const { names, replicas } = cluster;
  return [
    {
      alert: "RabbitMQNodesMissing",
      expr: `(count(${own(cluster, "rabbitmq_build_info")}) or vector(0)) < ${replicas}`,
      for: "5m",
      labels: { severity: "critical" },
      annotations: {
        summary: `${names.cluster} runs fewer nodes than its ${replicas}`,
        description:
          "Check the pods and their events. Without a majority no queue can be declared and quorum queues stop.",
      },
    },
    {
      alert: "RabbitMQLinksMissing",
      expr: `(count(${own(cluster, "erlang_vm_dist_node_state")} == 3) or vector(0)) < ${replicas * (replicas - 1)}`,
      for: "10m",
      labels: { severity: "warning" },
      annotations: {
        summary: `Nodes of ${names.cluster} do not all see each other`,
        description: "Check network policies, machines, and certificates that differ between nodes.",
      },
    },
    {
      alert: "RabbitMQConnectionChurn",
      expr: `sum(rate(${own(cluster, "rabbitmq_connections_opened_total")}[5m]) + rate(${own(cluster, "rabbitmq_connections_closed_total")}[5m])) > 10`,
      for: "10m",
      labels: { severity: "warning" },
      annotations: {
        summary: `Clients of ${names.cluster} open and close connections all the time`,
        description: "Each costs the node a handshake. Clients should keep one connection open.",
      },
    },
  ].filter((rule) => rule.alert !== "RabbitMQLinksMissing" || replicas > 1) as readonly AlertRule[];
}

function resources(cluster: ResolvedCluster): readonly AlertRule[] {
  const { names } = cluster;
  return [
    {
      alert: "RabbitMQMemoryAlarm",
      expr: `max(${own(cluster, "rabbitmq_alarms_memory_used_watermark")}) > 0`,
      for: "1m",
      labels: { severity: "critical" },
      annotations: {
        summary: `${names.cluster} blocks publishers: memory`,
        description: "A node is above its memory watermark. Consumers must catch up, or give the nodes more memory.",
      },
    },
    {
      alert: "RabbitMQDiskAlarm",
      expr: `max(${own(cluster, "rabbitmq_alarms_free_disk_space_watermark")}) > 0`,
      for: "1m",
      labels: { severity: "critical" },
      annotations: {
        summary: `${names.cluster} blocks publishers: disk`,
        description: "A volume is nearly full. Add consumers, or grow the volumes by the runbook.",
      },
    },
    {
      alert: "RabbitMQDiskFillsUp",
      expr: `predict_linear(${own(cluster, "rabbitmq_disk_space_available_bytes")}[6h], 86400) < ${own(cluster, "rabbitmq_disk_space_available_limit_bytes")}`,
      for: "1h",
      labels: { severity: "warning" },
      annotations: {
        summary: `A volume of ${names.cluster} fills up within a day`,
        description: "At this rate publishers will be blocked tomorrow.",
      },
    },
    {
      alert: "RabbitMQFileDescriptors",
      expr: `${own(cluster, "rabbitmq_process_open_fds")} / ${own(cluster, "rabbitmq_process_max_fds")} > 0.8`,
      for: "10m",
      labels: { severity: "warning" },
      annotations: {
        summary: `A node of ${names.cluster} runs out of file descriptors`,
        description: "Too many connections or queues; the node will refuse new ones.",
      },
    },
  ];
}

function messages(cluster: ResolvedCluster): readonly AlertRule[] {
  const { names } = cluster;
  const queue = "sum by (vhost, queue) ";
  const ready = own(cluster, "rabbitmq_detailed_queue_messages");
  const consumers = own(cluster, "rabbitmq_detailed_queue_consumers");
  return [
    {
      alert: "RabbitMQUnroutableMessages",
      expr: `sum(increase(${own(cluster, "rabbitmq_channel_messages_unroutable_dropped_total")}[5m]) + increase(${own(cluster, "rabbitmq_channel_messages_unroutable_returned_total")}[5m])) > 0`,
      for: "5m",
      labels: { severity: "warning" },
      annotations: {
        summary: `Messages to ${names.cluster} reach no queue`,
        description: "A publisher names an exchange or routing key that nothing is bound to.",
      },
    },
    {
      alert: "RabbitMQQueueWithoutConsumers",
      expr: `${queue}(${ready}) > 0 unless ${queue}(${consumers}) > 0`,
      for: "15m",
      labels: { severity: "warning" },
      annotations: {
        summary: "Queue {{ $labels.queue }} of vhost {{ $labels.vhost }} has messages and no consumer",
        description: "Are its workers running, and do they read this queue?",
      },
    },
  ];
}
