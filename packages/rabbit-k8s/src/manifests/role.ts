import type { Role, RoleBinding } from "kubernetes-types/rbac/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { isAtLeast } from "../rabbitmq/version.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** Does peer discovery ask the API server? Up to 4.0; later nodes go by their ordinal. */
export function asksApiServer({ version }: ResolvedCluster): boolean {
  return !isAtLeast(version, "4.1");
}

/** What peer discovery may do up to RabbitMQ 4.0: read the endpoints of one Service and report an event. */
export function role(cluster: ResolvedCluster): Role & Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: metadataOf(cluster, cluster.names.role),
    rules: [
      { apiGroups: [""], resources: ["endpoints"], resourceNames: [cluster.names.headlessService], verbs: ["get"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create"] },
    ],
  };
}

/** Gives the role to the pods. */
export function roleBinding(cluster: ResolvedCluster): RoleBinding & Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: metadataOf(cluster, cluster.names.role),
    subjects: [{ kind: "ServiceAccount", name: cluster.names.cluster, namespace: cluster.namespace }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: cluster.names.role },
  };
}
