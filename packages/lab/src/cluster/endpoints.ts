import type { EndpointAddress, EndpointSubset, Service } from "kubernetes-types/core/v1.d.ts";
import { isSelected } from "../manifest/objects.ts";
import type { Pod } from "../pod/pod.ts";

/** The pods that a Service selects, as Kubernetes lists them: with an address each, ready or not. */
export function endpointsOf({ metadata, spec }: Service, pods: Iterable<Pod>): readonly EndpointSubset[] {
  const ready: EndpointAddress[] = [];
  const notReady: EndpointAddress[] = [];
  if (spec?.selector === undefined) return [];
  for (const { identity, ip, isReady, isDeleting } of pods) {
    const { name, namespace, labels, subdomain } = identity;
    if (ip === null || namespace !== metadata?.namespace || !isSelected(spec.selector, labels)) continue;
    const isListed = spec.publishNotReadyAddresses === true || (isReady && !isDeleting);
    (isListed ? ready : notReady).push({
      ip,
      targetRef: { kind: "Pod", name, namespace },
      ...(subdomain === metadata.name && { hostname: name }),
    });
  }
  if (ready.length + notReady.length === 0) return [];
  const ports = (spec.ports ?? []).map(({ name = "", port, targetPort }) => {
    return { name, port: typeof targetPort === "number" ? targetPort : port, protocol: "TCP" };
  });
  return [
    {
      ...(ready.length > 0 && { addresses: ready }),
      ...(notReady.length > 0 && { notReadyAddresses: notReady }),
      ports,
    },
  ];
}
