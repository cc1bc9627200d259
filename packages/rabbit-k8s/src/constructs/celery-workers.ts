import { Construct } from "constructs";
import { plainProps } from "../refusal/plain.ts";
import { RefusedPropsError } from "../refusal/refusal.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { workerManifests } from "../workers/manifests.ts";
import type { CeleryWorkersProps } from "../workers/props.ts";
import { resolveWorkers } from "../workers/resolve.ts";
import { addObjects, renderOrRefuse, withinSize } from "./add-objects.ts";

/**
 * Renders workers to plain objects, without cdk8s.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function renderWorkers(props: CeleryWorkersProps): readonly Manifest[] {
  const given = plainProps(props);
  return withinSize(workerManifests(resolveWorkers(given)), given);
}

/**
 * Celery workers beside a cluster, in a cdk8s chart. Props that cannot be rendered are reported at synthesis.
 *
 * @example
 * ```ts
 * new CeleryWorkers(chart, "workers", { name: "workers", cluster: rabbit.connection, image: "shop/worker:1.4.0" });
 * ```
 */
export class CeleryWorkers extends Construct {
  constructor(scope: Construct, id: string, props: CeleryWorkersProps) {
    super(scope, id);
    const rendered = renderOrRefuse(this, () => renderWorkers(props));
    addObjects(this, rendered instanceof RefusedPropsError ? [] : rendered);
  }
}
