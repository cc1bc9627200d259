import type { Manifest } from "../manifests/manifest.ts";
import { workerDeployment } from "./deployment.ts";
import { workerNetworkPolicy } from "./network-policy.ts";
import type { ResolvedWorkers } from "./resolve.ts";
import {
  cpuAutoscaler,
  scaledObject,
  triggerAuthentication,
  triggerEncryption,
  workerDisruptionBudget,
} from "./scaling.ts";

/** Every object of a set of workers; the scaler last, for it names what stands before it. */
export function workerManifests(workers: ResolvedWorkers): readonly Manifest[] {
  const { networkPolicy } = workers;
  return [
    ...(networkPolicy === null ? [] : [workerNetworkPolicy(workers, networkPolicy)]),
    workerDisruptionBudget(workers),
    workerDeployment(workers),
    ...scalers(workers),
  ];
}

function scalers(workers: ResolvedWorkers): readonly Manifest[] {
  const { scaling } = workers;
  if (scaling === null) return [];
  if (scaling.by === "cpu") return [cpuAutoscaler(workers, scaling)];
  return [
    ...(workers.cluster.ca === null ? [] : [triggerEncryption(workers)]),
    triggerAuthentication(workers, scaling),
    scaledObject(workers, scaling),
  ];
}
