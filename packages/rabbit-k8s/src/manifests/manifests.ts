import type { ResolvedCluster } from "../cluster/resolved.ts";
import { prometheusRule } from "./alerts.ts";
import { certificate } from "./certificate.ts";
import { configMap } from "./config-map.ts";
import { dashboard } from "./dashboard.ts";
import { disruptionBudget } from "./disruption-budget.ts";
import { managementRoute } from "./management-route.ts";
import type { Manifest } from "./manifest.ts";
import { monitor } from "./monitor.ts";
import { networkPolicy } from "./network-policy.ts";
import { asksApiServer, role, roleBinding } from "./role.ts";
import { serviceAccount } from "./service-account.ts";
import { clientService, headlessService } from "./services.ts";
import { statefulSet } from "./stateful-set.ts";

/**
 * Every object of a cluster, in the order in which they are best applied: what the pods name before the pods, so that
 * none waits for a missing account, file or certificate; monitoring after them.
 */
export function clusterManifests(cluster: ResolvedCluster): readonly Manifest[] {
  const { tls, networkPolicy: peers, replicas, managementRoute: route } = cluster;
  return [
    serviceAccount(cluster),
    ...(asksApiServer(cluster) ? [role(cluster), roleBinding(cluster)] : []),
    configMap(cluster),
    ...(tls?.issuer == null ? [] : [certificate(cluster, tls.issuer, tls.secretName)]),
    ...(peers === null ? [] : [networkPolicy(cluster, peers)]),
    headlessService(cluster),
    clientService(cluster),
    ...(replicas > 1 ? [disruptionBudget(cluster)] : []),
    statefulSet(cluster),
    ...(route === null ? [] : [managementRoute(cluster, route)]),
    ...monitoringManifests(cluster),
  ];
}

function monitoringManifests(cluster: ResolvedCluster): readonly Manifest[] {
  const { monitoring } = cluster;
  if (monitoring === null) return [];
  return [
    ...(monitoring.monitor === "none" ? [] : [monitor(cluster, monitoring)]),
    ...(monitoring.alerts ? [prometheusRule(cluster, monitoring.labels)] : []),
    ...(monitoring.dashboard ? [dashboard(cluster)] : []),
  ];
}
