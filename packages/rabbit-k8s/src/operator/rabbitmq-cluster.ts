import type { ResourceRequirements, TopologySpreadConstraint } from "kubernetes-types/core/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "../manifests/manifest.ts";
import { podTemplate } from "../manifests/pod.ts";
import { formatConf } from "../rabbitmq/conf-file.ts";
import { confEntries } from "../server/conf.ts";

/** A `RabbitmqCluster` of RabbitMQ's cluster operator. */
export interface RabbitmqCluster extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly image: string;
    readonly imagePullSecrets?: readonly unknown[];
    readonly service: { readonly type: string; readonly annotations?: Readonly<Record<string, string>> };
    readonly persistence: { readonly storageClassName?: string; readonly storage: string };
    readonly resources: ResourceRequirements;
    readonly affinity?: unknown;
    readonly tolerations?: readonly unknown[];
    readonly rabbitmq: { readonly additionalPlugins: readonly string[]; readonly additionalConfig: string };
    readonly tls?: {
      readonly secretName: string;
      readonly caSecretName: string;
      readonly disableNonTLSListeners: boolean;
    };
    readonly terminationGracePeriodSeconds: number;
    readonly autoEnableAllFeatureFlags: boolean;
    readonly override: { readonly statefulSet: { readonly spec: { readonly template: { readonly spec: Spread } } } };
  };
}

/** The spread over machines and zones, which the operator has no field for. The empty list is the operator's own merge key. */
interface Spread {
  readonly containers: readonly never[];
  readonly topologySpreadConstraints: TopologySpreadConstraint[];
}

/** Plugins the operator always enables. */
const essential = new Set(["rabbitmq_management", "rabbitmq_peer_discovery_k8s", "rabbitmq_prometheus"]);

/** Settings the operator makes itself. */
const operatorOwned =
  /^(cluster_formation\.|cluster_name$|definitions\.|listeners\.|ssl_options\.(ca)?(cert|key)file$|management\.(tcp|ssl)\.|prometheus\.(tcp|ssl)\.|(stream|mqtt|stomp)\.listeners\.|total_memory_available_override_value$|log\.)/;

/**
 * The same cluster as a resource for the cluster operator. The operator makes the default user's Secret and the cookie by
 * itself; definitions become resources of the topology operator.
 */
export function operatorCluster(cluster: ResolvedCluster): RabbitmqCluster {
  const { names, storage, tls, scheduling, lifecycle, service, resources } = cluster;
  return {
    apiVersion: "rabbitmq.com/v1beta1",
    kind: "RabbitmqCluster",
    metadata: metadataOf(cluster, names.cluster),
    spec: {
      replicas: cluster.replicas,
      image: cluster.image,
      ...(cluster.imagePullSecrets.length > 0 && { imagePullSecrets: cluster.imagePullSecrets }),
      service: { type: service.type, annotations: service.annotations },
      persistence: {
        ...(storage.className !== null && { storageClassName: storage.className }),
        storage: storage.size,
      },
      resources: {
        requests: { cpu: resources.cpu, memory: resources.memory },
        limits: { memory: resources.memory, ...(resources.cpuLimit !== null && { cpu: resources.cpuLimit }) },
      },
      ...(scheduling.affinity !== undefined && { affinity: scheduling.affinity }),
      ...(scheduling.tolerations !== undefined && { tolerations: scheduling.tolerations }),
      rabbitmq: {
        additionalPlugins: cluster.plugins.filter((name) => !essential.has(name)),
        additionalConfig: formatConf(confEntries(cluster).filter(({ key }) => !operatorOwned.test(key))),
      },
      ...(tls !== null && {
        tls: { secretName: tls.secretName, caSecretName: tls.secretName, disableNonTLSListeners: !tls.keepPlain },
      }),
      // The operator's own default is a week, in which a stuck pod never ends.
      terminationGracePeriodSeconds: lifecycle.awaitQuorumSeconds + lifecycle.drainSeconds + 60,
      autoEnableAllFeatureFlags: true,
      override: { statefulSet: { spec: { template: { spec: spread(cluster) } } } },
    },
  };
}

function spread(cluster: ResolvedCluster): Spread {
  const topologySpreadConstraints = podTemplate(cluster).spec?.topologySpreadConstraints ?? [];
  // The operator labels its pods with the cluster's name under app.kubernetes.io/name.
  const labelSelector = { matchLabels: { "app.kubernetes.io/name": cluster.names.cluster } };
  return {
    containers: [],
    topologySpreadConstraints: topologySpreadConstraints.map((constraint) => ({ ...constraint, labelSelector })),
  };
}
