import type { ConfigMap, Secret, Service, ServiceAccount } from "kubernetes-types/core/v1.d.ts";
import type { Role, RoleBinding } from "kubernetes-types/rbac/v1.d.ts";
import type { ResolvedSeed } from "../cluster/resolved.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { seedFiles } from "./files.ts";
import { seedStatefulSet } from "./stateful-set.ts";

/** The document's objects, in the document's order. */
export function seedManifests(seed: ResolvedSeed): readonly Manifest[] {
  return [
    configMap(seed),
    ...(seed.secretValues === null ? [] : [secret(seed, seed.secretValues)]),
    serviceAccount(seed),
    role(seed),
    roleBinding(seed),
    seedStatefulSet(seed),
    headlessService(seed),
    clientService(seed),
  ];
}

function configMap(seed: ResolvedSeed): ConfigMap & Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "rabbitmq-config", namespace: seed.namespace },
    data: seedFiles(seed),
  };
}

function secret({ namespace }: ResolvedSeed, values: NonNullable<ResolvedSeed["secretValues"]>): Secret & Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "rabbitmq-secret", namespace },
    type: "Opaque",
    data: {
      RABBITMQ_ERLANG_COOKIE: toBase64(values.erlangCookie),
      RABBITMQ_ADMIN_PASSWORD: toBase64(values.adminPassword),
    },
  };
}

function toBase64(value: string): string {
  return Buffer.from(value, "utf8").toString("base64");
}

function serviceAccount({ namespace }: ResolvedSeed): ServiceAccount & Manifest {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "rabbitmq-service-account", namespace } };
}

function role({ namespace }: ResolvedSeed): Role & Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "rabbitmq-role", namespace },
    rules: [{ apiGroups: [""], resources: ["endpoints"], verbs: ["get", "list", "watch"] }],
  };
}

function roleBinding({ namespace }: ResolvedSeed): RoleBinding & Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "rabbitmq-role-binding", namespace },
    subjects: [{ kind: "ServiceAccount", name: "rabbitmq-service-account", namespace }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "rabbitmq-role" },
  };
}

function headlessService({ namespace }: ResolvedSeed): Service & Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { labels: { microservices: "rabbitmq-headless" }, name: "rabbitmq-headless", namespace },
    spec: {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      ports: [{ port: 4369, targetPort: 4369, name: "discovery" }],
      selector: { app: "rabbitmq" },
    },
  };
}

function clientService({ namespace }: ResolvedSeed): Service & Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { labels: { microservices: "rabbitmq" }, name: "rabbitmq", namespace },
    spec: {
      ports: [
        { port: 5672, targetPort: 5672, name: "amqp" },
        { port: 15672, targetPort: 15672, name: "management" },
      ],
      selector: { app: "rabbitmq" },
    },
  };
}
