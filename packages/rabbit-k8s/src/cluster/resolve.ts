import { refusalsOf } from "../refusal/shape.ts";
import { isAtLeast, parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import { adviseOn, adviseOnQueueType } from "./advice.ts";
import { checkIdentity, versionOf } from "./check-identity.ts";
import { checkObjects } from "./check-objects.ts";
import { checkPod, checkProbePorts } from "./check-pod.ts";
import { checkSecretKeys } from "./check-secrets.ts";
import { checkSettings } from "./check-settings.ts";
import { checkTopology } from "./check-topology.ts";
import { clusterLabels, nameCluster } from "./naming.ts";
import type { CeleryProps, ModernProps, MonitoringProps, NetworkPolicyProps } from "./props.ts";
import { modernShape } from "./props-shape.ts";
import { parseBytes } from "./quantity.ts";
import { RefusedPropsError, type Refusal } from "../refusal/refusal.ts";
import type { ResolvedCelery, ResolvedCluster, ResolvedResources, ResolvedTls } from "./resolved.ts";
import type { QueueType } from "./topology.ts";

/** A cluster as decided, and what its author should know. */
export interface Resolution {
  readonly cluster: ResolvedCluster;
  readonly warnings: readonly string[];
}

/** All that is wrong with the props, at once; empty when they can be rendered. */
export function checkCluster(props: ModernProps): readonly Refusal[] {
  // Values from JSON or JavaScript are unchecked; those of a wrong shape cannot be checked further.
  const misshapen = refusalsOf(modernShape, props);
  if (misshapen.length > 0) return misshapen;
  const version = versionOf(props);
  return [
    ...checkIdentity(props),
    ...checkSettings(props, version),
    ...checkTopology(props, version),
    ...checkSecretKeys(props),
    ...checkObjects(props),
    ...checkPod(props),
  ];
}

/**
 * Decides every default. Pure: the same props give the same cluster.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function resolveCluster(props: ModernProps): Resolution {
  const refusals = checkCluster(props);
  if (refusals.length > 0) throw new RefusedPropsError(refusals);
  const version = parseVersion(props.version);
  if (version === null) throw new RefusedPropsError(refusals);
  const cluster = decide(props, version);
  const unfit = checkProbePorts(cluster);
  if (unfit.length > 0) throw new RefusedPropsError(unfit);
  const celery = celeryProps(props);
  const forPython = celery !== null && celery.python !== false;
  return { cluster, warnings: [...adviseOn(cluster, forPython), ...adviseOnQueueType(props, cluster, forPython)] };
}

function decide(props: ModernProps, version: RabbitVersion): ResolvedCluster {
  const name = props.name ?? "rabbitmq";
  const image = props.image ?? `rabbitmq:${props.version}-management`;
  const defaultQueueType = decideQueueType(props, version);
  const credentials = props.credentialsSecret ?? `${name}-default-user`;
  return {
    names: nameCluster(name),
    namespace: props.namespace,
    clusterDomain: props.clusterDomain ?? "cluster.local",
    version,
    image,
    imagePullPolicy: props.imagePullPolicy ?? null,
    imagePullSecrets: props.imagePullSecrets ?? [],
    runAs: props.runAs ?? (/alpine(@|$)/.test(image) ? { uid: 100, gid: 101 } : { uid: 999, gid: 999 }),
    replicas: props.replicas ?? 3,
    labels: { ...props.labels, ...clusterLabels(name) },
    annotations: props.annotations ?? {},
    podAnnotations: props.podAnnotations ?? {},
    credentials: { username: { name: credentials, key: "username" }, password: { name: credentials, key: "password" } },
    erlangCookie: { name: props.erlangCookieSecret ?? `${name}-erlang-cookie`, key: ".erlang.cookie" },
    storage: {
      size: "10Gi",
      whenDeleted: "Retain",
      whenScaled: "Retain",
      ...props.storage,
      className: props.storage?.className ?? null,
    },
    resources: decideResources(props),
    defaultQueueType,
    celery: decideCelery(props, version),
    plugins: decidePlugins(props),
    conf: Object.fromEntries(Object.entries(props.conf ?? {}).map(([key, value]) => [key, String(value)])),
    advancedConfig: props.advancedConfig === undefined ? null : `${props.advancedConfig.trimEnd()}\n`,
    secretEnv: props.secretEnv ?? {},
    topology: decideTopology(props, defaultQueueType),
    tls: decideTls(props),
    networkPolicy: decideNetworkPolicy(props.networkPolicy ?? true),
    monitoring: decideMonitoring(props.monitoring ?? false),
    managementRoute: props.managementRoute ?? null,
    scheduling: { hostSpread: "preferred", ...props.scheduling },
    lifecycle: {
      startupSeconds: 900,
      awaitQuorumSeconds: 60,
      drainSeconds: 60,
      minReadySeconds: 35,
      ...props.lifecycle,
    },
    pod: props.pod ?? {},
    service: { type: "ClusterIP", annotations: {}, ...props.service },
  };
}

function celeryProps({ celery }: ModernProps): CeleryProps | null {
  if (celery === undefined || celery === false) return null;
  return celery === true ? {} : celery;
}

/**
 * Quorum is safe for what declares without a type, except for Python Celery workers before 4.3: they use global QoS. A
 * cluster that comes from there keeps what its vhosts have, or its workers' own queues would be refused to them.
 */
function decideQueueType(props: ModernProps, version: RabbitVersion): QueueType {
  if (props.defaultQueueType !== undefined) return props.defaultQueueType;
  const celery = celeryProps(props);
  const oldest = (props.from === undefined ? null : parseVersion(props.from)) ?? version;
  return celery !== null && celery.python !== false && !isAtLeast(oldest, "4.3") ? "classic" : "quorum";
}

function decideCelery(props: ModernProps, version: RabbitVersion): ResolvedCelery | null {
  const celery = celeryProps(props);
  if (celery === null) return null;
  return {
    consumerTimeoutMs: (celery.longestTaskSeconds ?? 86_400) * 1000,
    permitTransientQueues: celery.python !== false && isAtLeast(version, "4.3"),
  };
}

const twoGibibytes = 2 * 1024 ** 3;

function decideResources({ resources = {}, memoryWatermark = 0.6 }: ModernProps): ResolvedResources {
  const memory = resources.memory ?? "2Gi";
  const limit = parseBytes(memory) ?? 0;
  const availableBytes = Math.floor(limit - Math.min(limit * 0.2, twoGibibytes));
  return {
    memory,
    cpu: resources.cpu ?? "1",
    cpuLimit: resources.cpuLimit ?? null,
    availableBytes,
    watermark: memoryWatermark,
    diskFreeBytes: Math.ceil(availableBytes * memoryWatermark),
  };
}

function decidePlugins({ plugins = [], federationUpstreams = [], shovels = [] }: ModernProps): readonly string[] {
  const enabled = new Set(["rabbitmq_management", "rabbitmq_peer_discovery_k8s", "rabbitmq_prometheus", ...plugins]);
  if (federationUpstreams.length > 0) enabled.add("rabbitmq_federation").add("rabbitmq_federation_management");
  if (shovels.length > 0) enabled.add("rabbitmq_shovel").add("rabbitmq_shovel_management");
  return [...enabled].toSorted();
}

function decideTopology(props: ModernProps, defaultQueueType: QueueType): ResolvedCluster["topology"] {
  return {
    vhosts: (props.vhosts ?? [{ name: "/" }]).map((vhost) => ({ defaultQueueType, ...vhost })),
    users: props.users ?? [],
    permissions: props.permissions ?? [],
    topicPermissions: props.topicPermissions ?? [],
    policies: props.policies ?? [],
    operatorPolicies: props.operatorPolicies ?? [],
    queues: props.queues ?? [],
    exchanges: props.exchanges ?? [],
    bindings: props.bindings ?? [],
    federationUpstreams: props.federationUpstreams ?? [],
    shovels: props.shovels ?? [],
  };
}

function decideTls({ tls, name = "rabbitmq" }: ModernProps): ResolvedTls | null {
  if (tls === undefined) return null;
  return {
    secretName: tls.secretName ?? nameCluster(name).certificate,
    issuer: tls.issuer === undefined ? null : { kind: "Issuer", ...tls.issuer },
    keepPlain: tls.keepPlain ?? false,
    verifyClients: tls.verifyClients ?? false,
    interNode: tls.interNode ?? false,
    dnsNames: tls.dnsNames ?? [],
  };
}

function decideNetworkPolicy(given: boolean | NetworkPolicyProps): Required<NetworkPolicyProps> | null {
  if (given === false) return null;
  const props = given === true ? {} : given;
  const clients = props.clients ?? [{ podSelector: {} }];
  return {
    clients,
    management: props.management ?? clients,
    metrics: props.metrics ?? [{ namespaceSelector: {} }],
    egress: props.egress ?? [],
  };
}

function decideMonitoring(given: boolean | MonitoringProps): Required<MonitoringProps> | null {
  if (given === false) return null;
  const props = given === true ? {} : given;
  return { monitor: "PodMonitor", labels: {}, intervalSeconds: 15, alerts: true, dashboard: true, ...props };
}
