import { Construct } from "constructs";
import type { ModernProps } from "../cluster/props.ts";
import { RefusedPropsError } from "../cluster/refusal.ts";
import { resolveCluster } from "../cluster/resolve.ts";
import { certificate } from "../manifests/certificate.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { operatorCluster } from "../operator/rabbitmq-cluster.ts";
import { topologyResources } from "../operator/topology.ts";
import { addObjects, renderOrRefuse } from "./add-objects.ts";

/**
 * Renders a cluster as resources of RabbitMQ's cluster operator and topology operator, from the props of the plain one.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function renderOperatorCluster(props: ModernProps): readonly Manifest[] {
  const { cluster } = resolveCluster(props);
  const { tls, names } = cluster;
  return [
    ...(tls?.issuer == null ? [] : [certificate(cluster, tls.issuer, tls.secretName)]),
    operatorCluster(cluster),
    ...topologyResources(cluster, { name: names.cluster }),
  ];
}

/**
 * A cluster run by RabbitMQ's operators, in a cdk8s chart, from the same props as `RabbitCluster`.
 *
 * @example
 * ```ts
 * new OperatorRabbitCluster(chart, "rabbit", { namespace: "messaging", version: "4.3" });
 * ```
 */
export class OperatorRabbitCluster extends Construct {
  constructor(scope: Construct, id: string, props: ModernProps) {
    super(scope, id);
    const rendered = renderOrRefuse(this, () => renderOperatorCluster(props));
    addObjects(this, rendered instanceof RefusedPropsError ? [] : rendered);
  }
}
