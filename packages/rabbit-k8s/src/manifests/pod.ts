import type {
  Container,
  EnvVar,
  PodSpec,
  PodTemplateSpec,
  ResourceRequirements,
  TopologySpreadConstraint,
} from "kubernetes-types/core/v1.d.ts";
import { selectorLabels } from "../cluster/naming.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { configHash } from "../server/files.ts";
import { linkArguments } from "../server/inter-node.ts";
import { paths } from "../cluster/paths.ts";
import { readinessPort, serverPorts } from "../cluster/ports.ts";
import { configKeys } from "../server/setup.ts";
import { extraContainers, extraMounts, extraVolumes, probeOf } from "./extras.ts";
import { asksApiServer } from "./role.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { podVolumes, serverMounts, setupMounts } from "./volumes.ts";

/** The annotation that restarts the nodes, one by one, when their configuration changes. */
const configHashAnnotation = "rabbit-k8s/config-hash";

/** The pods of the cluster. Nothing in here follows the replica count: scaling restarts no node. */
export function podTemplate(cluster: ResolvedCluster): PodTemplateSpec {
  return {
    metadata: {
      labels: cluster.labels,
      annotations: { ...cluster.podAnnotations, [configHashAnnotation]: configHash(cluster) },
    },
    spec: podSpec(cluster),
  };
}

function podSpec(cluster: ResolvedCluster): PodSpec {
  const { nodeSelector, tolerations, priorityClassName, affinity } = cluster.scheduling;
  return {
    serviceAccountName: cluster.names.cluster,
    automountServiceAccountToken: asksApiServer(cluster),
    terminationGracePeriodSeconds: graceSeconds(cluster),
    securityContext: podSecurity(cluster.runAs),
    ...(cluster.imagePullSecrets.length > 0 && { imagePullSecrets: [...cluster.imagePullSecrets] }),
    ...(nodeSelector !== undefined && { nodeSelector }),
    ...(tolerations !== undefined && { tolerations: [...tolerations] }),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(affinity !== undefined && { affinity }),
    topologySpreadConstraints: spread(cluster),
    initContainers: [setupContainer(cluster), ...extraContainers(cluster.pod.initContainers)],
    containers: [serverContainer(cluster), ...extraContainers(cluster.pod.containers)],
    volumes: [...podVolumes(cluster), ...extraVolumes(cluster.pod.volumes)],
  };
}

/** Time for the steps before stopping, 10 s beside each, and 30 s for the stop itself. */
function graceSeconds(cluster: ResolvedCluster): number {
  const { awaitQuorumSeconds, drainSeconds } = cluster.lifecycle;
  const mirrorSeconds = mirrors(cluster) ? awaitQuorumSeconds + 10 : 0;
  return awaitQuorumSeconds + mirrorSeconds + drainSeconds + 60;
}

function spread({ names, scheduling }: ResolvedCluster): TopologySpreadConstraint[] {
  const labelSelector = { matchLabels: selectorLabels(names.cluster) };
  return [
    { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway", labelSelector },
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: scheduling.hostSpread === "required" ? "DoNotSchedule" : "ScheduleAnyway",
      labelSelector,
    },
  ];
}

function image(cluster: ResolvedCluster): Pick<Container, "image" | "imagePullPolicy"> {
  return { image: cluster.image, ...(cluster.imagePullPolicy != null && { imagePullPolicy: cluster.imagePullPolicy }) };
}

function setupContainer(cluster: ResolvedCluster): Container {
  return {
    name: "setup",
    ...image(cluster),
    command: ["sh", `${paths.config}/${configKeys.setup}`],
    securityContext: containerSecurity,
    env: nodeName(cluster),
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "64Mi" } },
    volumeMounts: setupMounts,
  };
}

/** A connection costs nothing, and every second between probes is one that a rolling restart waits for nothing. */
const startupPeriodSeconds = 2;

function serverContainer(cluster: ResolvedCluster): Container {
  const port = readinessPort(cluster);
  const { startupSeconds } = cluster.lifecycle;
  const { startupProbe = {}, readinessProbe = {}, livenessProbe } = cluster.pod;
  const startupPeriod = startupProbe.periodSeconds ?? startupPeriodSeconds;
  return {
    name: "rabbitmq",
    ...image(cluster),
    securityContext: containerSecurity,
    resources: resources(cluster),
    env: environment(cluster),
    ports: serverPorts(cluster).map(({ name, port: containerPort }) => ({ name, containerPort })),
    startupProbe: probeOf(
      { ...startupProbe, periodSeconds: startupPeriod, failureThreshold: Math.ceil(startupSeconds / startupPeriod) },
      port,
    ),
    // TCP, for a command would start an Erlang node each time. No liveness probe: it would kill a node that recovers.
    readinessProbe: probeOf(readinessProbe, port),
    ...(livenessProbe !== undefined && { livenessProbe: probeOf(livenessProbe, port) }),
    lifecycle: { preStop: { exec: { command: ["sh", "-c", preStop(cluster)] } } },
    volumeMounts: [...serverMounts(cluster), ...extraMounts(cluster.pod.volumes)],
  };
}

function resources({ resources: given }: ResolvedCluster): ResourceRequirements {
  return {
    requests: { cpu: given.cpu, memory: given.memory },
    limits: { memory: given.memory, ...(given.cpuLimit !== null && { cpu: given.cpuLimit }) },
  };
}

/** Waits until no queue loses its majority with this node, then moves clients away; all bounded, or a pod never ends. */
function preStop(cluster: ResolvedCluster): string {
  const { awaitQuorumSeconds, drainSeconds } = cluster.lifecycle;
  const steps = [
    bounded("await_online_quorum_plus_one", awaitQuorumSeconds),
    ...(mirrors(cluster) ? [bounded("await_online_synchronized_mirror", awaitQuorumSeconds)] : []),
    bounded("drain", drainSeconds),
  ];
  return steps.join("; ");
}

/** Does a policy mirror classic queues? RabbitMQ 4.0 has neither that nor the command that waits for it. */
function mirrors({ topology }: ResolvedCluster): boolean {
  return topology.policies.some(({ definition }) => "ha-mode" in definition);
}

function bounded(command: string, seconds: number): string {
  return `timeout ${seconds + 10} rabbitmq-upgrade ${command} -t ${seconds} || true`;
}

/** The name by which a node is known, to itself and to its peers. */
function nodeName({ names, clusterDomain }: ResolvedCluster): EnvVar[] {
  return [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    { name: "RABBITMQ_USE_LONGNAME", value: "true" },
    {
      name: "RABBITMQ_NODENAME",
      value: `rabbit@$(POD_NAME).${names.headlessService}.$(POD_NAMESPACE).svc.${clusterDomain}`,
    },
  ];
}

function environment(cluster: ResolvedCluster): EnvVar[] {
  return [
    ...nodeName(cluster),
    ...Object.entries(linkArguments(cluster)).map(([name, value]) => ({ name, value })),
    ...Object.entries(cluster.secretEnv).map(([name, secretKeyRef]) => ({ name, valueFrom: { secretKeyRef } })),
  ];
}
