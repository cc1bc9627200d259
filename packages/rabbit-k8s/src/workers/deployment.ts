import type { Deployment } from "kubernetes-types/apps/v1.d.ts";
import type { Container, EnvVar, PodSpec, Probe, Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { containerSecurity, podSecurity } from "../manifests/security.ts";
import type { WorkerHealth } from "./props.ts";
import type { ResolvedWorkers } from "./resolve.ts";

/** The labels by which the workers are found. */
export function workerSelector({ name }: ResolvedWorkers): Record<string, string> {
  return { "app.kubernetes.io/name": "celery-worker", "app.kubernetes.io/instance": name };
}

/** The workers. SIGTERM lets a worker finish what it runs; the grace period is the longest task and a little more. */
export function workerDeployment(workers: ResolvedWorkers): Deployment & Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: workers.name, namespace: workers.namespace, labels: workers.labels },
    spec: {
      ...(workers.scaling === null && { replicas: workers.replicas }),
      selector: { matchLabels: workerSelector(workers) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      template: { metadata: { labels: workers.labels }, spec: podSpec(workers) },
    },
  };
}

function podSpec(workers: ResolvedWorkers): PodSpec {
  const { imagePullSecrets = [] } = workers.image;
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: workers.taskTimeLimitSeconds + 15,
    securityContext: podSecurity(workers.runAs),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: [...imagePullSecrets] }),
    containers: [container(workers)],
    volumes: volumes(workers),
  };
}

function container(workers: ResolvedWorkers): Container {
  const { image, imagePullPolicy, command, args } = workers.image;
  const { cpu, memory } = workers.resources;
  return {
    name: "worker",
    image,
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(command !== undefined && { command: [...command] }),
    ...(args !== undefined && { args: [...args] }),
    env: environment(workers),
    ...(workers.health.kind === "http" && { ports: [{ name: "health", containerPort: workers.health.port ?? 8080 }] }),
    ...probes(workers.health),
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: containerSecurity,
    volumeMounts: mounts(workers),
  };
}

const caFolder = "/run/rabbitmq-ca";
const clientFolder = "/run/rabbitmq-client";

function environment({ brokerUrl, cluster, clientCertificate, health, env, secretEnv }: ResolvedWorkers): EnvVar[] {
  const own = clientCertificate === null ? {} : { BROKER_CLIENT_CERT: "tls.crt", BROKER_CLIENT_KEY: "tls.key" };
  const ca = cluster.ca === null ? [] : ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];
  return [
    { name: "CELERY_BROKER_URL", valueFrom: { secretKeyRef: brokerUrl } },
    ...(health.kind === "http" ? [{ name: "CELERY_HEALTH_PORT", value: String(health.port ?? 8080) }] : []),
    ...ca.map((name) => ({ name, value: `${caFolder}/ca.crt` })),
    ...Object.entries(own).map(([name, file]) => ({ name, value: `${clientFolder}/${file}` })),
    ...Object.entries(env).map(([name, value]) => ({ name, value })),
    ...Object.entries(secretEnv).map(([name, secretKeyRef]) => ({ name, valueFrom: { secretKeyRef } })),
  ];
}

/** Readiness only controls the rollout: no Service sends requests to a worker. */
function probes(health: WorkerHealth): Pick<Container, "livenessProbe" | "readinessProbe" | "startupProbe"> {
  if (health.kind === "none") return {};
  if (health.kind === "heartbeat") {
    const minutes = Math.ceil((health.maxAgeSeconds ?? 120) / 60);
    const exec = { command: ["sh", "-c", `find ${health.file} -mmin -${minutes} | grep -q .`] };
    return {
      startupProbe: { exec, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 24 },
      livenessProbe: { exec, periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3 },
    };
  }
  return {
    startupProbe: { ...httpProbe("/healthz"), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...httpProbe("/healthz"), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...httpProbe("/readyz"), periodSeconds: 5, failureThreshold: 3 },
  };
}

function httpProbe(path: string): Probe {
  return { httpGet: { path, port: "health" }, timeoutSeconds: 3 };
}

function volumes({ cluster, clientCertificate }: ResolvedWorkers): Volume[] {
  return [
    { name: "tmp", emptyDir: {} },
    ...(cluster.ca === null
      ? []
      : [
          {
            name: "ca",
            secret: {
              secretName: cluster.ca.name,
              defaultMode: 0o444,
              items: [{ key: cluster.ca.key, path: "ca.crt" }],
            },
          },
        ]),
    // Only the group of the pod can read the key.
    ...(clientCertificate === null
      ? []
      : [{ name: "client", secret: { secretName: clientCertificate, defaultMode: 0o440 } }]),
  ];
}

function mounts({ cluster, clientCertificate }: ResolvedWorkers): VolumeMount[] {
  return [
    { name: "tmp", mountPath: "/tmp" },
    ...(cluster.ca === null ? [] : [{ name: "ca", mountPath: caFolder, readOnly: true }]),
    ...(clientCertificate === null ? [] : [{ name: "client", mountPath: clientFolder, readOnly: true }]),
  ];
}
