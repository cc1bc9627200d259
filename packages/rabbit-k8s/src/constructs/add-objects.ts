import { ApiObject } from "cdk8s";
import type { Construct } from "constructs";
import { formatRefusal, RefusedPropsError } from "../refusal/refusal.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { refuseSize } from "../manifests/size.ts";

/** Adds objects to a construct, with ids by kind and name. */
export function addObjects(scope: Construct, manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    new ApiObject(scope, `${manifest.kind}-${manifest.metadata.name}`, manifest);
  }
}

/**
 * The objects, where Kubernetes takes the size of each.
 *
 * @throws RefusedPropsError that names the largest prop.
 */
export function withinSize(manifests: readonly Manifest[], props: object): readonly Manifest[] {
  const refusals = refuseSize(manifests, props);
  if (refusals.length > 0) throw new RefusedPropsError(refusals);
  return manifests;
}

/** Renders, or keeps the refusals for the moment of synthesis, when cdk8s reports those of the whole app at once. */
export function renderOrRefuse<Rendered>(scope: Construct, render: () => Rendered): Rendered | RefusedPropsError {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof RefusedPropsError)) throw error;
    scope.node.addValidation({ validate: () => error.refusals.map(formatRefusal) });
    return error;
  }
}
