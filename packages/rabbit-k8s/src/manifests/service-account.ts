import type { ServiceAccount } from "kubernetes-types/core/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** The pods' identity. The token is mounted by the pod alone, and only where peer discovery asks the API server. */
export function serviceAccount(cluster: ResolvedCluster): ServiceAccount & Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadataOf(cluster, cluster.names.cluster),
    automountServiceAccountToken: false,
  };
}
