import type { Place } from "./place.ts";
import { checkHealth, eachBelow, formatScript } from "./script.ts";

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
  return formatScript(place, `Lets the volumes of ${name} in ${namespace} grow to ${size}.`, [
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
      ...eachBelow(
        "$replicas",
        `k wait --for=jsonpath='{.status.capacity.storage}'=${size} pvc/data-${name}-$i --timeout=600s || stop "volume data-${name}-$i has not grown: where its conditions say FileSystemResizePending, delete the pod ${name}-$i and run this again"`,
      ),
      `say "set storage.size: ${size} in the props, or the next apply is refused"`,
    ],
  ]);
}
