import type { Ingress } from "kubernetes-types/networking/v1.d.ts";
import type { ManagementRouteProps } from "../cluster/props.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { clientPorts, type ServerPort } from "../cluster/ports.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** A route of the Gateway API. */
export interface HttpRoute extends Manifest {
  readonly spec: {
    readonly parentRefs: { readonly name: string; readonly namespace?: string; readonly sectionName?: string }[];
    readonly hostnames: string[];
    readonly rules: { readonly backendRefs: { readonly name: string; readonly port: number }[] }[];
  };
}

/** The route to the management interface. AMQP is not HTTP and has none. */
export function managementRoute(
  cluster: ResolvedCluster,
  route: ManagementRouteProps,
): (Ingress & Manifest) | HttpRoute {
  return route.gateway === undefined ? ingress(cluster, route) : httpRoute(cluster, route.host, route.gateway);
}

function managementPort(cluster: ResolvedCluster): ServerPort | undefined {
  return clientPorts(cluster).find(({ audience }) => audience === "management");
}

function ingress(cluster: ResolvedCluster, { host, ingress: given = {} }: ManagementRouteProps): Ingress & Manifest {
  const { names } = cluster;
  const backend = { service: { name: names.cluster, port: { name: managementPort(cluster)?.name ?? "management" } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: metadataOf(cluster, names.managementRoute, { annotations: given.annotations ?? {} }),
    spec: {
      ...(given.className !== undefined && { ingressClassName: given.className }),
      ...(given.tlsSecretName !== undefined && { tls: [{ hosts: [host], secretName: given.tlsSecretName }] }),
      rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
    },
  };
}

function httpRoute(
  cluster: ResolvedCluster,
  host: string,
  gateway: NonNullable<ManagementRouteProps["gateway"]>,
): HttpRoute {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: metadataOf(cluster, cluster.names.managementRoute),
    spec: {
      parentRefs: [gateway],
      hostnames: [host],
      rules: [{ backendRefs: [{ name: cluster.names.cluster, port: managementPort(cluster)?.port ?? 15672 }] }],
    },
  };
}
