/** The name of every object of a cluster; made here and nowhere else. They are explicit, so that they never change. */
export interface ClusterNames {
  /** StatefulSet, client Service and ServiceAccount; also what node names start with. */
  readonly cluster: string;
  readonly headlessService: string;
  readonly configMap: string;
  readonly role: string;
  readonly certificate: string;
  readonly alerts: string;
  readonly dashboard: string;
  readonly managementRoute: string;
}

/** The names for a cluster called `name`. */
export function nameCluster(name: string): ClusterNames {
  return {
    cluster: name,
    headlessService: `${name}-headless`,
    configMap: `${name}-config`,
    role: `${name}-peer-discovery`,
    certificate: `${name}-tls`,
    alerts: `${name}-alerts`,
    dashboard: `${name}-dashboard`,
    managementRoute: `${name}-management`,
  };
}

/** The longest cluster name: Kubernetes appends a hash to pod labels and `-headless` is appended here, within 63 characters. */
export const longestClusterName = 40;

/** The labels every object of a cluster carries. */
export function clusterLabels(name: string): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": "rabbitmq",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/part-of": "rabbitmq",
    "app.kubernetes.io/managed-by": "rabbit-k8s",
  };
}

/** The labels by which Services and policies find the pods; part of the StatefulSet's identity. */
export function selectorLabels(name: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "rabbitmq", "app.kubernetes.io/instance": name };
}

/** The variables in which a node with encrypted links gets its arguments for Erlang. */
export const erlangVariables: readonly string[] = ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "RABBITMQ_CTL_ERL_ARGS"];

/** The environment variables of a node that are always rendered. */
export const nodeVariables: readonly string[] = [
  "POD_NAME",
  "POD_NAMESPACE",
  "RABBITMQ_USE_LONGNAME",
  "RABBITMQ_NODENAME",
];

/** The containers of a pod, here and by the cluster operator. */
export const containerNames: readonly string[] = ["rabbitmq", "setup", "setup-container"];

/** The volumes of a pod, here and by the cluster operator. */
export const volumeNames: readonly string[] = [
  "config",
  "data",
  "etc",
  "home",
  "log",
  "secrets",
  "tls",
  "erlang-cookie-secret",
  "persistence",
  "plugins-conf",
  "pod-info",
  "rabbitmq-confd",
  "rabbitmq-erlang-cookie",
  "rabbitmq-mutual-tls",
  "rabbitmq-plugins",
  "rabbitmq-tls",
  "server-conf",
];
