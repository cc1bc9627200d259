import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";

/** Any Kubernetes object with a name and a namespace. */
export interface Manifest {
  /** Kubernetes API version. */
  readonly apiVersion: string;
  /** Kubernetes kind. */
  readonly kind: string;
  /** Kubernetes metadata. */
  readonly metadata: ObjectMeta & { readonly name: string; readonly namespace: string };
}

/** The metadata of one object of the cluster. */
export function metadataOf(
  { namespace, labels, annotations }: ResolvedCluster,
  name: string,
  own: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  } = {},
): Manifest["metadata"] {
  const all = { ...annotations, ...own.annotations };
  return {
    name,
    namespace,
    labels: { ...labels, ...own.labels },
    ...(Object.keys(all).length > 0 && { annotations: all }),
  };
}
