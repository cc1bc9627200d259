import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { Container, EnvVar, PersistentVolumeClaim, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import type { ResolvedSeed } from "../cluster/resolved.ts";
import type { Manifest } from "../manifests/manifest.ts";

/** The document's StatefulSet. User and group are RabbitMQ's own, so that the files the script writes are the broker's. */
export function seedStatefulSet(seed: ResolvedSeed): StatefulSet & Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "rabbitmq", namespace: seed.namespace },
    spec: {
      serviceName: "rabbitmq-headless",
      replicas: seed.replicas,
      selector: { matchLabels: { app: "rabbitmq" } },
      template: {
        metadata: { labels: { app: "rabbitmq" } },
        spec: {
          serviceAccountName: "rabbitmq-service-account",
          securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999 },
          initContainers: [configLoader(seed)],
          containers: [broker(seed)],
          volumes: [
            { name: "config-file", emptyDir: {} },
            { name: "config", configMap: { name: "rabbitmq-config", defaultMode: 0o755 } },
          ],
        },
      },
      volumeClaimTemplates: [dataClaim(seed)],
    },
  };
}

const brokerMounts: VolumeMount[] = [
  { name: "data", mountPath: "/var/lib/rabbitmq/", readOnly: false },
  { name: "config-file", mountPath: "/etc/rabbitmq/" },
];

function configLoader({ image }: ResolvedSeed): Container {
  const [data, configFile] = brokerMounts;
  return {
    name: "config-loader",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["/bin/sh", "/tmp/config/init-config.sh"],
    env: ["RABBITMQ_ERLANG_COOKIE", "RABBITMQ_ADMIN_PASSWORD"].map(fromSecret),
    volumeMounts: [data, { name: "config", mountPath: "/tmp/config/", readOnly: false }, configFile].filter(
      (mount): mount is VolumeMount => mount !== undefined,
    ),
  };
}

function fromSecret(key: string): EnvVar {
  return { name: key, valueFrom: { secretKeyRef: { name: "rabbitmq-secret", key } } };
}

function broker({ image, clusterDomain }: ResolvedSeed): Container {
  const suffix = `.rabbitmq-headless.$(RABBIT_POD_NAMESPACE).svc.${clusterDomain}`;
  return {
    name: "rabbitmq",
    image,
    ports: [
      { containerPort: 4369, name: "discovery" },
      { containerPort: 5672, name: "amqp" },
      { containerPort: 15672, name: "management" },
    ],
    env: [
      { name: "RABBIT_POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
      { name: "RABBIT_POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "RABBITMQ_NODENAME", value: `rabbit@$(RABBIT_POD_NAME)${suffix}` },
      { name: "RABBITMQ_USE_LONGNAME", value: "true" },
      { name: "K8S_HOSTNAME_SUFFIX", value: suffix },
    ],
    volumeMounts: brokerMounts,
  };
}

function dataClaim({ storage }: ResolvedSeed): PersistentVolumeClaim {
  return {
    metadata: { name: "data" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: storage.className,
      resources: { requests: { storage: storage.size } },
    },
  };
}
