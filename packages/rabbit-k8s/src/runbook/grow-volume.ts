import { formatSteps, kubectl, type Place } from "./place.ts";

/** The steps to larger volumes. A StatefulSet's claims are immutable, so it is replaced without its pods. */
export function growVolumeSteps(place: Place, replicas: number, size: string): string {
  const patch = JSON.stringify({ spec: { resources: { requests: { storage: size } } } });
  const ordinals = Array.from({ length: replicas }, (_, index) => index);
  return formatSteps([
    ["See that the storage class allows it: ALLOWVOLUMEEXPANSION must be true.", "kubectl get storageclass"],
    [
      "Let each volume grow.",
      ...ordinals.map(
        (ordinal) => `${kubectl(place)} patch pvc data-${place.name}-${ordinal} --type=merge -p '${patch}'`,
      ),
    ],
    [
      "Remove the StatefulSet and keep its pods.",
      `${kubectl(place)} delete statefulset ${place.name} --cascade=orphan`,
    ],
    [`Set \`storage: { size: '${size}' }\` in the props and apply; the new StatefulSet takes the pods over.`],
    [
      "See that the volumes have grown; some drivers need the pods to restart.",
      `${kubectl(place)} get pvc`,
      `${kubectl(place)} rollout restart statefulset ${place.name}`,
    ],
  ]);
}
