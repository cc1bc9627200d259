import type {
  Container,
  PodSecurityContext,
  ResourceRequirements,
  ServiceSpec,
  TopologySpreadConstraint,
  Volume,
} from "kubernetes-types/core/v1.d.ts";
import type { ModernProps, Strings } from "../cluster/props.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "../manifests/manifest.ts";
import { extraContainers, extraMounts, extraVolumes } from "../manifests/extras.ts";
import { podTemplate } from "../manifests/pod.ts";
import { formatConf } from "../rabbitmq/conf-file.ts";
import { isAtLeast } from "../rabbitmq/version.ts";
import { inetConfig, linkArguments } from "../server/inter-node.ts";
import { confEntries } from "../server/conf.ts";

/** A `RabbitmqCluster` of RabbitMQ's cluster operator. */
export interface RabbitmqCluster extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly image: string;
    readonly imagePullSecrets?: readonly unknown[];
    readonly service: Omit<ResolvedCluster["service"], "ipFamily">;
    readonly persistence: { readonly storageClassName?: string; readonly storage: string };
    readonly resources: ResourceRequirements;
    readonly affinity?: unknown;
    readonly tolerations?: readonly unknown[];
    readonly rabbitmq: {
      readonly additionalPlugins: readonly string[];
      readonly additionalConfig: string;
      readonly advancedConfig?: string;
      readonly envConfig?: string;
      readonly erlangInetConfig?: string;
    };
    readonly tls?: {
      readonly secretName: string;
      readonly caSecretName: string;
      readonly disableNonTLSListeners: boolean;
    };
    readonly terminationGracePeriodSeconds: number;
    readonly autoEnableAllFeatureFlags: boolean;
    readonly secretBackend?: { readonly externalSecret: { readonly name: string } };
    readonly override: {
      readonly service?: { readonly spec: Pick<ServiceSpec, "ipFamilies" | "ports"> };
      readonly statefulSet: { readonly spec: Override };
    };
  };
}

/** What the operator has no field for, merged into its StatefulSet by the names of containers. */
interface Override {
  readonly minReadySeconds?: number;
  readonly template: {
    readonly metadata?: { readonly annotations: Strings };
    readonly spec: {
      readonly containers: readonly Partial<Container>[];
      readonly initContainers?: readonly Partial<Container>[];
      readonly volumes?: Volume[];
      readonly topologySpreadConstraints: TopologySpreadConstraint[];
      readonly nodeSelector?: Strings;
      readonly priorityClassName?: string;
      readonly securityContext?: PodSecurityContext;
    };
  };
}

/** The annotation by which the operator probes as before: its new startup probe asks a page that came with 4.1. */
const legacyProbe = { "rabbitmq.com/legacy-startup-probe": "true" };

/** Plugins the operator always enables. */
const essential = new Set(["rabbitmq_management", "rabbitmq_peer_discovery_k8s", "rabbitmq_prometheus"]);

/** Settings the operator makes itself; a user's own word on them stays. */
const operatorOwned =
  /^(cluster_formation\.|cluster_name$|definitions\.|listeners\.|ssl_options\.(ca)?(cert|key)file$|management\.(tcp|ssl)\.|prometheus\.(tcp|ssl)\.|(stream|mqtt|stomp)\.listeners\.|total_memory_available_override_value$|log\.)/;

/**
 * The same cluster as a resource for the cluster operator. The operator makes the default user's Secret and the cookie
 * by itself; definitions become resources of the topology operator. Settings without a default come from the props.
 */
export function operatorCluster(cluster: ResolvedCluster, props: ModernProps): RabbitmqCluster {
  const { names, storage, tls, scheduling, lifecycle, service, resources } = cluster;
  return {
    apiVersion: "rabbitmq.com/v1beta1",
    kind: "RabbitmqCluster",
    metadata: metadataOf(cluster, names.cluster, {
      annotations: isAtLeast(cluster.version, "4.1") ? {} : legacyProbe,
    }),
    spec: {
      replicas: cluster.replicas,
      image: cluster.image,
      ...(cluster.imagePullSecrets.length > 0 && { imagePullSecrets: cluster.imagePullSecrets }),
      service: serviceOf(service),
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
        ...(cluster.advancedConfig !== null && { advancedConfig: cluster.advancedConfig }),
        ...(service.ipFamily === "IPv6" && { envConfig: environmentFile(cluster), erlangInetConfig: inetConfig }),
        additionalConfig: formatConf(
          confEntries(cluster).filter(({ key }) => key in cluster.conf || !operatorOwned.test(key)),
        ),
      },
      ...(tls !== null && {
        tls: { secretName: tls.secretName, caSecretName: tls.secretName, disableNonTLSListeners: !tls.keepPlain },
      }),
      // The operator's own default is a week, in which a stuck pod never ends.
      terminationGracePeriodSeconds: lifecycle.awaitQuorumSeconds + lifecycle.drainSeconds + 60,
      autoEnableAllFeatureFlags: true,
      ...(props.credentialsSecret !== undefined && {
        secretBackend: { externalSecret: { name: props.credentialsSecret } },
      }),
      override: { ...serviceOverride(cluster), statefulSet: { spec: override(cluster, props) } },
    },
  };
}

function override(cluster: ResolvedCluster, { lifecycle, runAs }: ModernProps): Override {
  const { scheduling, imagePullPolicy, podAnnotations, secretEnv, pod } = cluster;
  const env = Object.entries(secretEnv).map(([name, secretKeyRef]) => ({ name, valueFrom: { secretKeyRef } }));
  const pull = imagePullPolicy == null ? {} : { imagePullPolicy };
  const volumeMounts = extraMounts(pod.volumes);
  const ports = (pod.ports ?? []).map(({ name, port }) => ({ name, containerPort: port }));
  const own = {
    ...pull,
    ...(env.length > 0 && { env }),
    ...(volumeMounts.length > 0 && { volumeMounts }),
    ...(ports.length > 0 && { ports }),
  };
  const initContainers = [
    ...(imagePullPolicy == null ? [] : [{ name: "setup-container", ...pull }]),
    ...extraContainers(pod.initContainers),
  ];
  return {
    ...(lifecycle?.minReadySeconds !== undefined && { minReadySeconds: lifecycle.minReadySeconds }),
    template: {
      ...(Object.keys(podAnnotations).length > 0 && { metadata: { annotations: podAnnotations } }),
      spec: {
        // The operator merges by the containers' names, and wants the list even where it is empty.
        containers: [
          ...(Object.keys(own).length > 0 ? [{ name: "rabbitmq", ...own }] : []),
          ...extraContainers(pod.containers),
        ],
        ...(initContainers.length > 0 && { initContainers }),
        ...(pod.volumes !== undefined && { volumes: extraVolumes(pod.volumes) }),
        topologySpreadConstraints: spread(cluster),
        ...(scheduling.nodeSelector !== undefined && { nodeSelector: scheduling.nodeSelector }),
        ...(scheduling.priorityClassName !== undefined && { priorityClassName: scheduling.priorityClassName }),
        ...(runAs !== undefined && {
          securityContext: { runAsUser: runAs.uid, runAsGroup: runAs.gid, fsGroup: runAs.gid },
        }),
      },
    },
  };
}

/** What the operator's Service has no field for. */
function serviceOverride({ pod, service }: ResolvedCluster): Pick<RabbitmqCluster["spec"]["override"], "service"> {
  const ports = (pod.ports ?? []).map(({ name, port }) => ({ name, port, targetPort: name }));
  const spec = {
    ...(service.ipFamily !== undefined && { ipFamilies: [service.ipFamily] }),
    ...(ports.length > 0 && { ports }),
  };
  return Object.keys(spec).length === 0 ? {} : { service: { spec } };
}

function serviceOf({
  ipFamily: _ipFamily,
  ...service
}: ResolvedCluster["service"]): RabbitmqCluster["spec"]["service"] {
  return service;
}

/** The operator's file of variables, whose names have no prefix. */
function environmentFile(cluster: ResolvedCluster): string {
  return Object.entries(linkArguments(cluster))
    .map(([name, value]) => `${name.replace("RABBITMQ_SERVER_", "SERVER_")}="${value}"\n`)
    .join("");
}

function spread(cluster: ResolvedCluster): TopologySpreadConstraint[] {
  // The operator labels its pods with the cluster's name under app.kubernetes.io/name.
  const labelSelector = { matchLabels: { "app.kubernetes.io/name": cluster.names.cluster } };
  const constraints = podTemplate(cluster).spec?.topologySpreadConstraints ?? [];
  return constraints.map((constraint) => ({ ...constraint, labelSelector }));
}
