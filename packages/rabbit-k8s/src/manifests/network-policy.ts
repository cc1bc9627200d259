import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from "kubernetes-types/networking/v1.d.ts";
import { selectorLabels } from "../cluster/naming.ts";
import type { NetworkPolicyProps } from "../cluster/props.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { peerPortRanges, type PortAudience, serverPorts } from "../cluster/ports.ts";
import { type Manifest, metadataOf } from "./manifest.ts";
import { asksApiServer } from "./role.ts";

/** Allowed connections to and from the nodes: each other, DNS, and the API server where discovery uses it. */
export function networkPolicy(cluster: ResolvedCluster, peers: Required<NetworkPolicyProps>): NetworkPolicy & Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(cluster, cluster.names.cluster),
    spec: {
      podSelector: { matchLabels: selectorLabels(cluster.names.cluster) },
      policyTypes: ["Ingress", "Egress"],
      ingress: ingress(cluster, peers),
      egress: egress(cluster, peers),
    },
  };
}

function ownPods({ names }: ResolvedCluster): NetworkPolicyPeer[] {
  return [{ podSelector: { matchLabels: selectorLabels(names.cluster) } }];
}

function nodePorts(cluster: ResolvedCluster): NetworkPolicyPort[] {
  const ranges = peerPortRanges.map(([port, endPort]): NetworkPolicyPort => ({ protocol: "TCP", port, endPort }));
  return [...portsOf(cluster, "nodes"), ...ranges];
}

function portsOf(cluster: ResolvedCluster, audience: PortAudience): NetworkPolicyPort[] {
  return serverPorts(cluster)
    .filter((port) => port.audience === audience)
    .map(({ port }) => ({ protocol: "TCP", port }));
}

function ingress(cluster: ResolvedCluster, peers: Required<NetworkPolicyProps>): NetworkPolicyIngressRule[] {
  return [
    { from: ownPods(cluster), ports: nodePorts(cluster) },
    { from: [...peers.clients], ports: portsOf(cluster, "clients") },
    { from: [...peers.management], ports: portsOf(cluster, "management") },
    { from: [...peers.metrics], ports: portsOf(cluster, "metrics") },
  ].filter((rule) => rule.ports.length > 0 && rule.from.length > 0);
}

function egress(cluster: ResolvedCluster, peers: Required<NetworkPolicyProps>): NetworkPolicyEgressRule[] {
  const dns = ["UDP", "TCP"].map((protocol): NetworkPolicyPort => ({ protocol, port: 53 }));
  // The address of the API server is not known here, so its two usual ports are open to all.
  const apiServer = [443, 6443].map((port): NetworkPolicyPort => ({ protocol: "TCP", port }));
  return [
    { to: ownPods(cluster), ports: nodePorts(cluster) },
    { ports: dns },
    ...(asksApiServer(cluster) ? [{ ports: apiServer }] : []),
    ...(peers.egress.length > 0 ? [{ to: [...peers.egress] }] : []),
  ];
}
