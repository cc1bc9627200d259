import { gateway } from "../machine/network.ts";
import type { Objects } from "../manifest/objects.ts";
import type { Pod } from "../pod/pod.ts";
import { endpointsOf } from "./endpoints.ts";

/** The names of the API server. */
export const apiServerNames: readonly string[] = [
  "kubernetes.default.svc.cluster.local",
  "kubernetes.default.svc",
  "kubernetes.default",
  "kubernetes",
];

/**
 * The addresses of a name of the cluster: of a Service those of its ready pods, since the lab has no virtual addresses. Null
 * where there is no such name.
 */
export function resolveName(name: string, objects: Objects, pods: Iterable<Pod>): readonly string[] | null {
  if (apiServerNames.includes(name)) return [gateway];
  const [, host, service = "", namespace] = /^(?:([^.]+)\.)?([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(name) ?? [];
  const found = objects.get("Service", namespace, service);
  if (found === undefined) return null;
  const addresses = endpointsOf(found, pods).flatMap((each) => each.addresses ?? []);
  if (host === undefined) return addresses.map(({ ip }) => ip);
  const own = addresses.filter(({ hostname }) => hostname === host).map(({ ip }) => ip);
  return own.length > 0 ? own : null;
}
