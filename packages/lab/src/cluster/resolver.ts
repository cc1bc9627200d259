import { gateway } from "../machine/network.ts";
import type { Objects } from "../manifest/objects.ts";
import type { Pod } from "../pod/pod.ts";
import { endpointsOf } from "./endpoints.ts";
import type { ServiceAddresses } from "./service-address.ts";

/** The names of the API server. */
export const apiServerNames: readonly string[] = [
  "kubernetes.default.svc.cluster.local",
  "kubernetes.default.svc",
  "kubernetes.default",
  "kubernetes",
];

/** The addresses of a name of the cluster; null where there is no such name. A headless Service has those of its pods. */
export function resolveName(
  name: string,
  objects: Objects,
  pods: Iterable<Pod>,
  addresses: ServiceAddresses,
): readonly string[] | null {
  if (apiServerNames.includes(name)) return [gateway];
  const [, host, service = "", namespace] = /^(?:([^.]+)\.)?([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(name) ?? [];
  const found = objects.get("Service", namespace, service);
  if (found === undefined) return null;
  const virtual = host === undefined ? addresses.of(found) : null;
  if (virtual !== null) return [virtual];
  const listed = endpointsOf(found, pods).flatMap((each) => each.addresses ?? []);
  if (host === undefined) return listed.map(({ ip }) => ip);
  const own = listed.filter(({ hostname }) => hostname === host).map(({ ip }) => ip);
  return own.length > 0 ? own : null;
}
