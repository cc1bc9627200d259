import type { Refusal } from "../refusal/refusal.ts";
import { longestAnnotations, longestData, longestObject } from "../kubernetes/rules.ts";
import type { Manifest } from "./manifest.ts";

/** `kubectl apply` without `--server-side` keeps a copy of the object in an annotation, beside a name and the others. */
const roomForOthers = 4096;

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** The bytes that count as data of a ConfigMap or a Secret; 0 for another object. */
function dataBytes(manifest: Manifest & { readonly data?: object; readonly stringData?: object }): number {
  return Buffer.byteLength(Object.values({ ...manifest.data, ...manifest.stringData }).join(""));
}

/** Objects that Kubernetes does not take, by the largest of the props that made them. */
export function refuseSize(manifests: readonly Manifest[], props: object): readonly Refusal[] {
  return manifests.flatMap((manifest) => {
    const data = dataBytes(manifest);
    const [bytes, most] = data > longestData ? [data, longestData] : [bytesOf(manifest), longestObject];
    if (bytes <= most) return [];
    return [
      {
        prop: largestOf(props),
        reason: `with everything else, ${manifest.kind} ${manifest.metadata.name} has ${bytes} bytes, and Kubernetes takes ${most}`,
        remedy: "shorten it; applications can declare a part of the queues, exchanges and bindings themselves",
      },
    ];
  });
}

function largestOf(props: object): string {
  const sizes = Object.entries(props).map(([prop, value]) => [prop, bytesOf(value ?? null)] as const);
  return sizes.toSorted(([, left], [, right]) => right - left)[0]?.[0] ?? "";
}

/** Objects that only a server-side apply takes: their annotations and the copy of the whole are counted together. */
export function adviseOnSize(manifests: readonly Manifest[]): readonly string[] {
  return manifests
    .filter(
      (manifest) =>
        bytesOf(manifest) + bytesOf(manifest.metadata.annotations ?? {}) > longestAnnotations - roomForOthers,
    )
    .map(
      ({ kind, metadata }) =>
        `${kind} ${metadata.name} is too large for the copy that kubectl apply keeps of it: use kubectl apply --server-side.`,
    );
}
