import type { ResolvedCluster, ResolvedTls } from "../cluster/resolved.ts";
import { parseBytes } from "../cluster/quantity.ts";
import { formatConf, type ConfEntry } from "../rabbitmq/conf-file.ts";
import { isAtLeast } from "../rabbitmq/version.ts";
import { paths } from "../cluster/paths.ts";
import { queueTypeOf } from "./queue-type.ts";

/** The one setting that follows the replica count; it counts at boot only, so a change of it restarts nothing. */
export const sizeHintKey = "cluster_formation.target_cluster_size_hint";

/** The text of `rabbitmq.conf`: every setting, in one order, the user's own last word included. */
export function renderConf(cluster: ResolvedCluster): string {
  return formatConf(confEntries(cluster));
}

/** The settings of `rabbitmq.conf`. A key given by the user replaces the rendered one. */
export function confEntries(cluster: ResolvedCluster): readonly ConfEntry[] {
  const rendered = [
    entry("cluster_name", cluster.names.cluster),
    ...logging(),
    ...formation(cluster),
    ...definitions(),
    ...access(cluster),
    ...limits(cluster),
    ...queues(cluster),
    ...(cluster.tls === null ? [] : encryption(cluster, cluster.tls)),
  ];
  const own = Object.entries(cluster.conf).map(([key, value]) => entry(key, value));
  return [...rendered.filter(({ key }) => !(key in cluster.conf)), ...own];
}

function entry(key: string, value: string | number | boolean): ConfEntry {
  return { key, value: String(value) };
}

function logging(): readonly ConfEntry[] {
  return [entry("log.console", true), entry("log.file", false)];
}

function formation(cluster: ResolvedCluster): readonly ConfEntry[] {
  const { names, namespace, clusterDomain, version, replicas } = cluster;
  const backend = entry("cluster_formation.peer_discovery_backend", "k8s");
  const hint = entry(sizeHintKey, Math.max(1, replicas));
  // From 4.1 on a node finds the others by its own ordinal and asks the API server nothing.
  if (isAtLeast(version, "4.1")) return [backend, hint, ...partitions(cluster)];
  return [
    backend,
    entry("cluster_formation.k8s.host", `kubernetes.default.svc.${clusterDomain}`),
    entry("cluster_formation.k8s.address_type", "hostname"),
    entry("cluster_formation.k8s.service_name", names.headlessService),
    entry("cluster_formation.k8s.hostname_suffix", `.${names.headlessService}.${namespace}.svc.${clusterDomain}`),
    hint,
    entry("cluster_formation.node_cleanup.only_log_warning", true),
    ...partitions(cluster),
  ];
}

function partitions({ version, replicas }: ResolvedCluster): readonly ConfEntry[] {
  // Accepted without effect from 4.3 on, where Khepri keeps a majority by itself.
  if (isAtLeast(version, "4.3")) return [];
  return [entry("cluster_partition_handling", replicas === 2 ? "autoheal" : "pause_minority")];
}

/**
 * Read at each boot: with `definitions.skip_if_unchanged` a failed import counts as done (seen in the code of 3.10.8,
 * 4.0.5 and 4.3.6, which drop its result), so a node lost while the cluster forms would miss queues permanently.
 * Without it a failed import stops the boot, and the next one tries again.
 */
function definitions(): readonly ConfEntry[] {
  return [entry("definitions.import_backend", "local_filesystem"), entry("definitions.local.path", paths.definitions)];
}

function access({ version }: ResolvedCluster): readonly ConfEntry[] {
  return isAtLeast(version, "4.0") ? [entry("anonymous_login_user", "none")] : [];
}

const smallNode = 4 * 1024 ** 3;

function limits({ resources }: ResolvedCluster): readonly ConfEntry[] {
  // A log of the default 512 MiB is in memory several times: too much for a small node.
  const wal = (parseBytes(resources.memory) ?? 0) < smallNode ? [entry("raft.wal_max_size_bytes", 64 * 1024 ** 2)] : [];
  return [
    // Plain bytes: 3.10 does not understand Mi and Gi.
    entry("total_memory_available_override_value", resources.availableBytes),
    entry("vm_memory_high_watermark.relative", resources.watermark),
    entry("disk_free_limit.absolute", resources.diskFreeBytes),
    ...wal,
  ];
}

function queues(cluster: ResolvedCluster): readonly ConfEntry[] {
  const { version, defaultQueueType, celery } = cluster;
  const asKey = isAtLeast(version, "3.13.3") || (version.series === "3.12" && isAtLeast(version, "3.12.14"));
  return [
    ...(asKey ? [entry("default_queue_type", defaultQueueType)] : []),
    ...(definesClassic(cluster) ? [] : [entry("queue_leader_locator", "balanced")]),
    ...(isAtLeast(version, "3.13")
      ? [
          // Queues declared while fewer nodes were up reach three members by themselves.
          entry("quorum_queue.continuous_membership_reconciliation.enabled", true),
          entry("quorum_queue.continuous_membership_reconciliation.target_group_size", 3),
        ]
      : []),
    ...(celery === null ? [] : [entry("consumer_timeout", celery.consumerTimeoutMs)]),
    ...(celery?.permitTransientQueues === true
      ? [entry("deprecated_features.permit.transient_nonexcl_queues", true)]
      : []),
  ];
}

/**
 * Classic queues in the definitions keep the default, `client-local`. With balancing, 4.x selects a node among those
 * that have booted; while all boot together there is none, and every node ends with `badarg` (4.0.5 and 4.3.6).
 */
function definesClassic(cluster: ResolvedCluster): boolean {
  return cluster.topology.queues.some((queue) => queueTypeOf(queue, cluster) === "classic");
}

function encryption(cluster: ResolvedCluster, tls: ResolvedTls): readonly ConfEntry[] {
  const files = (prefix: string): readonly ConfEntry[] => [
    entry(`${prefix}.cacertfile`, `${paths.tls}/ca.crt`),
    entry(`${prefix}.certfile`, `${paths.tls}/tls.crt`),
    entry(`${prefix}.keyfile`, `${paths.tls}/tls.key`),
  ];
  return [
    ...(tls.keepPlain ? [] : [entry("listeners.tcp", "none")]),
    entry("listeners.ssl.default", 5671),
    ...files("ssl_options"),
    entry("ssl_options.verify", tls.verifyClients ? "verify_peer" : "verify_none"),
    entry("ssl_options.fail_if_no_peer_cert", tls.verifyClients),
    ...(tls.keepPlain ? [entry("management.tcp.port", 15672)] : []),
    entry("management.ssl.port", 15671),
    ...files("management.ssl"),
    ...metricsEncryption(cluster, tls, files),
    ...pluginListeners(cluster, tls),
  ];
}

function metricsEncryption(
  { version }: ResolvedCluster,
  tls: ResolvedTls,
  files: (prefix: string) => readonly ConfEntry[],
): readonly ConfEntry[] {
  // Encrypted metrics leave the plain listener open where it can be closed by this key; 3.10.8 does not open it then.
  const closable = isAtLeast(version, "3.11.16");
  return [
    ...(tls.keepPlain
      ? [entry("prometheus.tcp.port", 15692)]
      : closable
        ? [entry("prometheus.tcp.listener", "none")]
        : []),
    entry("prometheus.ssl.port", 15691),
    ...files("prometheus.ssl"),
  ];
}

function pluginListeners({ plugins }: ResolvedCluster, tls: ResolvedTls): readonly ConfEntry[] {
  const listeners: readonly (readonly [string, string, number])[] = [
    ["rabbitmq_stream", "stream", 5551],
    ["rabbitmq_mqtt", "mqtt", 8883],
    ["rabbitmq_stomp", "stomp", 61614],
  ];
  return listeners
    .filter(([plugin]) => plugins.includes(plugin))
    .flatMap(([, name, port]) => [
      ...(tls.keepPlain ? [] : [entry(`${name}.listeners.tcp`, "none")]),
      entry(`${name}.listeners.ssl.default`, port),
    ]);
}
