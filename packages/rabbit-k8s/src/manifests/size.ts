import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { Refusal } from "../refusal/refusal.ts";
import { longestAnnotations, longestData } from "../kubernetes/rules.ts";
import type { Manifest } from "./manifest.ts";

/** `kubectl apply` without `--server-side` keeps a copy of the object in an annotation, beside a name and the others. */
const roomForOthers = 4096;

function isConfigMap(manifest: Manifest): manifest is ConfigMap & Manifest {
  return manifest.kind === "ConfigMap";
}

/** ConfigMaps that Kubernetes does not take. */
export function refuseSize(manifests: readonly Manifest[]): readonly Refusal[] {
  return manifests.filter(isConfigMap).flatMap(({ metadata, data = {} }) => {
    const bytes = Buffer.byteLength(Object.values(data).join(""));
    if (bytes <= longestData) return [];
    return [
      {
        prop: "queues",
        reason: `with everything that the cluster holds, ConfigMap ${metadata.name} has ${bytes} bytes, and Kubernetes takes ${longestData}`,
        remedy: "let applications declare a part of the queues, exchanges and bindings",
      },
    ];
  });
}

/** Objects that only a server-side apply takes. */
export function adviseOnSize(manifests: readonly Manifest[]): readonly string[] {
  return manifests
    .filter((manifest) => Buffer.byteLength(JSON.stringify(manifest)) > longestAnnotations - roomForOthers)
    .map(
      ({ kind, metadata }) =>
        `${kind} ${metadata.name} is too large for the copy that kubectl apply keeps of it: use kubectl apply --server-side.`,
    );
}
