import type { NetworkPolicy, NetworkPolicyPort } from "kubernetes-types/networking/v1.d.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { workerSelector } from "./deployment.ts";
import type { WorkerNetworkPolicy } from "./props.ts";
import type { ResolvedWorkers } from "./resolve.ts";

/** Whom workers may reach: DNS, the brokers' AMQP port by the labels of their pods, and what is named beside them. */
export function workerNetworkPolicy(
  workers: ResolvedWorkers,
  { ingress, egress }: Required<WorkerNetworkPolicy>,
): NetworkPolicy & Manifest {
  const { namespace, podLabels, port } = workers.cluster;
  const dns = ["UDP", "TCP"].map((protocol): NetworkPolicyPort => ({ protocol, port: 53 }));
  const brokers = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: { ...podLabels } },
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: workers.name, namespace: workers.namespace, labels: workers.labels },
    spec: {
      podSelector: { matchLabels: workerSelector(workers) },
      policyTypes: ["Ingress", "Egress"],
      ingress: ingress.length > 0 ? [{ from: [...ingress] }] : [],
      egress: [
        { ports: dns },
        { to: [brokers], ports: [{ protocol: "TCP", port }] },
        ...(egress.length > 0 ? [{ to: [...egress] }] : []),
      ],
    },
  };
}
