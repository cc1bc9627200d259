import type { Service, ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { selectorLabels } from "../cluster/naming.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { clientPorts, peerPorts } from "../cluster/ports.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/**
 * Gives each node its name. It publishes nodes that are not ready: a node must find its peers to become ready at all.
 */
export function headlessService(cluster: ResolvedCluster): Service & Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(cluster, cluster.names.headlessService),
    spec: {
      clusterIP: "None",
      ...families(cluster),
      publishNotReadyAddresses: true,
      selector: selectorLabels(cluster.names.cluster),
      ports: peerPorts.map(({ name, port }) => ({ name, port, targetPort: name })),
    },
  };
}

/** What clients connect to. It chooses a node when a connection is opened, not later. */
export function clientService(cluster: ResolvedCluster): Service & Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(cluster, cluster.names.cluster, { annotations: cluster.service.annotations }),
    spec: {
      type: cluster.service.type,
      ...families(cluster),
      selector: selectorLabels(cluster.names.cluster),
      ports: clientPorts(cluster).map(({ name, port, appProtocol }) => ({
        name,
        port,
        targetPort: name,
        ...(appProtocol !== undefined && { appProtocol }),
      })),
    },
  };
}

function families({ service }: ResolvedCluster): Pick<ServiceSpec, "ipFamilies" | "ipFamilyPolicy"> {
  const { ipFamily, ipFamilyPolicy } = service;
  return {
    ...(ipFamilyPolicy !== undefined && { ipFamilyPolicy }),
    ...(ipFamily !== undefined && { ipFamilies: [ipFamily] }),
  };
}
