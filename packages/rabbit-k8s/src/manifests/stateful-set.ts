import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { PersistentVolumeClaim } from "kubernetes-types/core/v1.d.ts";
import { selectorLabels } from "../cluster/naming.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "./manifest.ts";
import { podTemplate } from "./pod.ts";

/**
 * The nodes. `Parallel`, for with `OrderedReady` the first node waits for a majority that is never created once all were
 * stopped together; updates still go one by one.
 */
export function statefulSet(cluster: ResolvedCluster): StatefulSet & Manifest {
  const { names, storage, lifecycle } = cluster;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadataOf(cluster, names.cluster),
    spec: {
      serviceName: names.headlessService,
      replicas: cluster.replicas,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "RollingUpdate" },
      // The next node must not stop while DNS caches hide the address of the one before.
      ...(cluster.replicas > 1 && { minReadySeconds: lifecycle.minReadySeconds }),
      persistentVolumeClaimRetentionPolicy: { whenDeleted: storage.whenDeleted, whenScaled: storage.whenScaled },
      selector: { matchLabels: selectorLabels(names.cluster) },
      template: podTemplate(cluster),
      volumeClaimTemplates: [dataClaim(cluster)],
    },
  };
}

/** Labelled by the selector only: claim templates are immutable, other labels are not. */
function dataClaim({ names, storage }: ResolvedCluster): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", labels: selectorLabels(names.cluster) },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storage.className !== null && { storageClassName: storage.className }),
      resources: { requests: { storage: storage.size } },
    },
  };
}
