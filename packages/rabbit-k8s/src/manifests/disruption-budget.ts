import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import { selectorLabels } from "../cluster/naming.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** Lets a drained machine take one node at a time. Only for clusters of several nodes: on one it would block the drain. */
export function disruptionBudget(cluster: ResolvedCluster): PodDisruptionBudget & Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadataOf(cluster, cluster.names.cluster),
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(cluster.names.cluster) } },
  };
}
