import { createHash, randomBytes } from "node:crypto";
import type { Deployment, StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import type { Objects } from "../manifest/objects.ts";
import { identify, type PodIdentity } from "../pod/identity.ts";
import type { Pod } from "../pod/pod.ts";

/** The pods of a cluster, by what may be done to them. */
export interface PodSet {
  readonly all: Iterable<Pod>;
  add(identity: PodIdentity, owner: string, revision: string): void;
  remove(pod: Pod): void;
}

/** The revision of a template. */
export function revisionOf(template: PodTemplateSpec | undefined): string {
  return createHash("sha1").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}

/** The kind, namespace and name of an object, for its pods to know it by. */
export function ownerOf({ kind, metadata }: StatefulSet | Deployment): string {
  return `${kind}/${metadata?.namespace}/${metadata?.name}`;
}

/** Does the next thing that StatefulSets and Deployments want done; called again after each change. */
export function reconcile(objects: Objects, pods: PodSet): void {
  for (const each of objects.all("StatefulSet")) reconcileStatefulSet(each, pods);
  for (const each of objects.all("Deployment")) reconcileDeployment(each, pods);
}

function ordinalOf({ identity }: Pod): number {
  return Number(identity.name.split("-").at(-1));
}

function reconcileStatefulSet(set: StatefulSet, pods: PodSet): void {
  const { metadata: { name = "", namespace = "" } = {}, spec } = set;
  if (spec === undefined) return;
  const owner = ownerOf(set);
  const revision = revisionOf(spec.template);
  const first = spec.ordinals?.start ?? 0;
  const end = first + (spec.replicas ?? 1);
  const isParallel = spec.podManagementPolicy === "Parallel";
  const mine = new Map([...pods.all].filter((pod) => pod.owner === owner).map((pod) => [ordinalOf(pod), pod]));
  const isAvailable = (pod: Pod): boolean =>
    !pod.isDeleting && pod.readySinceMs !== null && Date.now() - pod.readySinceMs >= (spec.minReadySeconds ?? 0) * 1000;
  for (let ordinal = first; ordinal < end; ordinal += 1) {
    const pod = mine.get(ordinal);
    if (pod === undefined) {
      const podName = `${name}-${ordinal}`;
      const labels = {
        "statefulset.kubernetes.io/pod-name": podName,
        "apps.kubernetes.io/pod-index": String(ordinal),
      };
      const claims = (spec.volumeClaimTemplates ?? []).map((each) => each.metadata?.name ?? "");
      const identity = identify(podName, namespace, spec.template, { labels, subdomain: spec.serviceName, claims });
      pods.add(identity, owner, revision);
    }
    if (!isParallel && (pod === undefined || !isAvailable(pod))) return;
  }
  const newestFirst = [...mine].toSorted(([a], [b]) => b - a);
  const leaving = newestFirst.filter(([ordinal]) => ordinal >= end).map(([, pod]) => pod);
  for (const pod of isParallel ? leaving : leaving.slice(0, 1)) if (!pod.isDeleting) pods.remove(pod);
  if (leaving.length > 0 || spec.updateStrategy?.type === "OnDelete") return;
  // One pod that is not available stops the update, unless it is of the old template: as the real controller has it.
  for (let ordinal = end - 1; ordinal >= first + (spec.updateStrategy?.rollingUpdate?.partition ?? 0); ordinal -= 1) {
    const pod = mine.get(ordinal);
    if (pod === undefined) return;
    if (pod.revision !== revision && !pod.isDeleting) return pods.remove(pod);
    if (!isAvailable(pod)) return;
  }
}

/** Makes new pods first and removes those of older templates when these are ready. */
function reconcileDeployment(deployment: Deployment, pods: PodSet): void {
  const { metadata: { name = "", namespace = "" } = {}, spec } = deployment;
  if (spec === undefined) return;
  const owner = ownerOf(deployment);
  const revision = revisionOf(spec.template);
  const wanted = spec.replicas ?? 1;
  const mine = [...pods.all].filter((pod) => pod.owner === owner && !pod.isDeleting);
  const current = mine.filter((pod) => pod.revision === revision);
  for (let count = current.length; count < wanted; count += 1) {
    const podName = `${name}-${revision}-${randomBytes(3).toString("hex")}`;
    pods.add(identify(podName, namespace, spec.template, { labels: {}, subdomain: null, claims: [] }), owner, revision);
  }
  for (const pod of current.slice(wanted)) pods.remove(pod);
  if (current.length !== wanted || !current.every(({ isReady }) => isReady)) return;
  for (const pod of mine.filter((each) => each.revision !== revision)) pods.remove(pod);
}
