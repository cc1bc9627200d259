/**
 * The validation of the API server that its schemas do not say, for the kinds and fields that are rendered: a second writing of
 * pkg/apis/{core,apps,autoscaling,networking,policy}/validation of Kubernetes 1.36, which shares nothing with the sources.
 */
import type { Manifest } from "../../src/manifests/manifest.ts";
import { kinds } from "./server/objects.ts";
import { type Node, type Report, checkMetadata, label63, node, subdomain, unique } from "./server/values.ts";

/** All that the API server would refuse of one object; empty where it takes it. */
export function refusedByServer(manifest: Manifest): readonly string[] {
  const object = JSON.parse(JSON.stringify(manifest)) as Manifest & Node;
  const found: string[] = [];
  const report: Report = (path, reason) => found.push(`${object.kind} ${object.metadata.name}: ${path}: ${reason}`);
  checkMetadata("metadata", object.metadata as unknown as Node, report);
  if (!subdomain.test(object.metadata.name)) report("metadata.name", "no name of an object");
  if (!label63.test(object.metadata.namespace)) report("metadata.namespace", "no name of a namespace");
  if (Buffer.byteLength(JSON.stringify(manifest)) > 1.5 * 1024 ** 2) report("", "larger than etcd takes");
  if (/\p{Surrogate}/u.test(JSON.stringify(manifest).replaceAll(/\\ud[89ab][0-9a-f]{2}/gi, "\ud800")))
    report("", "a text that is no Unicode");
  kinds[object.kind]?.(node(object["spec"]), report, object);
  return found;
}

/** All objects that are applied together: no two of one kind have one name, which would be one object. */
export function refusedTogether(manifests: readonly Manifest[]): readonly string[] {
  const found: string[] = [];
  unique(
    "objects",
    manifests.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.namespace} ${metadata.name}`),
    (path, reason) => found.push(`${path}: ${reason}`),
  );
  return [...found, ...manifests.flatMap(refusedByServer)];
}
