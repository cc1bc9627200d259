import type { HorizontalPodAutoscaler } from "kubernetes-types/autoscaling/v2.d.ts";
import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { workerSelector } from "./deployment.ts";
import type { CpuScaling } from "./props.ts";
import type { ResolvedQueueScaling, ResolvedWorkers } from "./resolve.ts";

/** A ScaledObject of KEDA. */
export interface ScaledObject extends Manifest {
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly pollingInterval: number;
    readonly cooldownPeriod: number;
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: unknown } };
    readonly triggers: {
      readonly type: string;
      readonly metadata: Record<string, string>;
      readonly authenticationRef: { readonly name: string };
    }[];
  };
}

/** A TriggerAuthentication of KEDA: where it finds the user and the password. */
export interface TriggerAuthentication extends Manifest {
  readonly spec: {
    readonly configMapTargetRef?: { readonly parameter: string; readonly name: string; readonly key: string }[];
    readonly secretTargetRef: { readonly parameter: string; readonly name: string; readonly key: string }[];
  };
}

/** The longest window that Kubernetes allows. */
const longestWindowSeconds = 3600;

/** A worker is not taken away while a task of the last moments may still run. */
function scaleDownSeconds({ taskTimeLimitSeconds }: ResolvedWorkers): number {
  return Math.min(longestWindowSeconds, Math.max(300, taskTimeLimitSeconds + 60));
}

/**
 * Scales by queue length over the management API, which counts what workers hold unacknowledged. Over AMQP those messages
 * would be invisible, and workers would be taken away from their tasks.
 */
export function scaledObject(workers: ResolvedWorkers, scaling: ResolvedQueueScaling): ScaledObject {
  const seconds = scaleDownSeconds(workers);
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: workers.name, namespace: workers.namespace, labels: workers.labels },
    spec: {
      scaleTargetRef: { name: workers.name },
      minReplicaCount: scaling.minReplicas,
      maxReplicaCount: scaling.maxReplicas,
      pollingInterval: 15,
      cooldownPeriod: seconds,
      advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: seconds } } } },
      triggers: workers.queues.map((queueName) => ({
        type: "rabbitmq",
        metadata: {
          protocol: "http",
          // The slash marks the vhost as a separate parameter.
          host: `${workers.cluster.managementUrl}/`,
          vhostName: workers.cluster.vhost,
          queueName,
          mode: "QueueLength",
          value: String(scaling.messagesPerReplica),
          activationValue: "0",
          excludeUnacknowledged: "false",
        },
        authenticationRef: { name: workers.name },
      })),
    },
  };
}

/** The user and the password apart, for a password in a URL would have to be percent-encoded. */
export function triggerAuthentication(
  workers: ResolvedWorkers,
  { credentials }: ResolvedQueueScaling,
): TriggerAuthentication {
  const { ca } = workers.cluster;
  const parameters = Object.entries({ ...credentials, ...(ca !== null && { ca }) });
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "TriggerAuthentication",
    metadata: { name: workers.name, namespace: workers.namespace, labels: workers.labels },
    spec: {
      ...(ca !== null && { configMapTargetRef: [{ parameter: "tls", name: encryptionName(workers), key: "tls" }] }),
      secretTargetRef: parameters.map(([parameter, { name, key }]) => ({ parameter, name, key })),
    },
  };
}

/** That KEDA shall trust the cluster's authority, which it takes from a Secret or a ConfigMap only. */
export function triggerEncryption(workers: ResolvedWorkers): ConfigMap & Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: encryptionName(workers), namespace: workers.namespace, labels: workers.labels },
    data: { tls: "enable" },
  };
}

function encryptionName({ name }: ResolvedWorkers): string {
  return `${name}-scaling`;
}

/** Scales by processor time. */
export function cpuAutoscaler(
  workers: ResolvedWorkers,
  scaling: Required<CpuScaling>,
): HorizontalPodAutoscaler & Manifest {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: workers.name, namespace: workers.namespace, labels: workers.labels },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: workers.name },
      minReplicas: scaling.minReplicas,
      maxReplicas: scaling.maxReplicas,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: scaling.targetPercent } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: scaleDownSeconds(workers) } },
    },
  };
}

/** Lets a drained machine take one worker at a time; the queue holds the work meanwhile. */
export function workerDisruptionBudget(workers: ResolvedWorkers): PodDisruptionBudget & Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: workers.name, namespace: workers.namespace, labels: workers.labels },
    spec: { maxUnavailable: 1, selector: { matchLabels: workerSelector(workers) } },
  };
}
