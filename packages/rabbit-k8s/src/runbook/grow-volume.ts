import { parseBytes } from "../cluster/quantity.ts";
import type { Place } from "./place.ts";
import { checkHealth, eachBelow, formatScript, type Step } from "./script.ts";

/**
 * The script to larger volumes. A StatefulSet's claims are immutable, so it is replaced without its pods, by itself with
 * another size: by manifests that lack what was changed in the live object since, such as the annotation of
 * `kubectl rollout restart`, all nodes would restart.
 */
export function growVolumeScript(place: Place, size: string): string {
  const { name, namespace } = place;
  const request = JSON.stringify({ spec: { resources: { requests: { storage: size } } } });
  const template = JSON.stringify([
    { op: "replace", path: "/spec/volumeClaimTemplates/0/spec/resources/requests/storage", value: size },
  ]);
  const file = `${name}-statefulset.yaml`;
  const steps: readonly Step[] = [
    [
      "The cluster is well, and the storage class lets volumes grow.",
      ...checkHealth(place, "$replicas"),
      `class=$(k get pvc data-${name}-0 -o 'jsonpath={.spec.storageClassName}')`,
      `[ "$(kubectl get storageclass "$class" -o 'jsonpath={.allowVolumeExpansion}')" = true ] || stop "storage class $class does not let volumes grow: move to a new cluster by a shovel"`,
    ],
    ["Each volume grows.", ...eachBelow("$replicas", `k patch pvc data-${name}-$i --type=merge -p '${request}'`)],
    [
      "The StatefulSet is replaced by itself with the new size; its pods stay.",
      `k get statefulset ${name} -o yaml > ${file}.part`,
      `kubectl patch --local -f ${file}.part --type=json -p '${template}' -o yaml > ${file}`,
      `k replace --force --cascade=orphan -f ${file}`,
    ],
    [
      "The volumes have grown.",
      bytesOf,
      ...eachBelow(
        "$replicas",
        "tries=0",
        `until [ "$(bytes "$(k get pvc data-${name}-$i -o 'jsonpath={.status.capacity.storage}')")" -ge ${parseBytes(size)} ]; do`,
        `  tries=$((tries + 1)); [ "$tries" -lt 300 ] || stop "volume data-${name}-$i has not grown: where its conditions have FileSystemResizePending, delete the pod ${name}-$i and run this again"`,
        "  sleep 2",
        "done",
      ),
      `say "set storage.size: ${size} in the props, or the next apply is refused"`,
    ],
  ];
  return formatScript(place, `Lets the volumes of ${name} in ${namespace} grow to ${size}.`, steps, [
    "# A run that ended between the two halves of the replacement left the pods without their StatefulSet.",
    `[ ! -s ${file} ] || [ -n "$(k get statefulset ${name} --ignore-not-found -o name)" ] || k create -f ${file}`,
  ]);
}

/** A shell function: Kubernetes writes 40960Mi as 40Gi, and a storage may give more than was asked. */
const bytesOf = `bytes() { echo "$1" | awk '{ n = split("k M G T P E Ki Mi Gi Ti Pi Ei", unit); f = 1; for (i = 1; i <= n; i++) if ($0 ~ "[0-9.]" unit[i] "$") f = i <= 6 ? 1000 ^ i : 1024 ^ (i - 6); printf "%.0f", $0 * f }'; }`;
