import { randomUUID } from "node:crypto";
import type { PodSpec } from "kubernetes-types/core/v1.d.ts";
import { gateway } from "../machine/network.ts";

/** What a pod is from its creation to its deletion, whatever becomes of its sandbox. */
export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly spec: PodSpec;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** The headless Service that gives it a name. */
  readonly subdomain: string | null;
  /** The names of its claimed volumes, by the names of the volumes. */
  readonly claims: ReadonlyMap<string, string>;
}

/** A pod of a template. */
export function identify(
  name: string,
  namespace: string,
  template: { readonly metadata?: PodMetadata; readonly spec?: PodSpec },
  more: Pick<PodIdentity, "labels" | "subdomain"> & { readonly claims: readonly string[] },
): PodIdentity {
  const spec = structuredClone(template.spec ?? { containers: [] });
  return {
    name,
    namespace,
    uid: randomUUID(),
    spec,
    labels: { ...template.metadata?.labels, ...more.labels },
    annotations: template.metadata?.annotations ?? {},
    serviceAccount: spec.serviceAccountName ?? spec.serviceAccount ?? "default",
    subdomain: more.subdomain,
    claims: new Map(more.claims.map((claim) => [claim, `${claim}-${name}`])),
  };
}

interface PodMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The name by which its peers find it; null where no Service gives it one. */
export function domainName({ name, namespace, subdomain }: PodIdentity): string | null {
  return subdomain === null ? null : `${name}.${subdomain}.${namespace}.svc.cluster.local`;
}

/** The value of a field of the downward API. */
export function fieldOf(pod: PodIdentity, ip: string, path: string): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels") return pod.labels[key] ?? "";
  if (map === "annotations") return pod.annotations[key] ?? "";
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": pod.name,
    "metadata.namespace": pod.namespace,
    "metadata.uid": pod.uid,
    "status.podIP": ip,
    "status.podIPs": ip,
    "status.hostIP": gateway,
    "spec.nodeName": "podlab",
    "spec.serviceAccountName": pod.serviceAccount,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`no such field for the downward API: ${path}`);
  return value;
}
