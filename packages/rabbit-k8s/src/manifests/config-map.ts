import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { configFiles } from "../server/files.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** The configuration, without any secret. */
export function configMap(cluster: ResolvedCluster): ConfigMap & Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(cluster, cluster.names.configMap),
    data: configFiles(cluster),
  };
}
