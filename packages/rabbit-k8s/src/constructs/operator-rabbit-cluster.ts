import { refusalsOf } from "../refusal/shape.ts";
import { Construct } from "constructs";
import type { ModernProps } from "../cluster/props.ts";
import { plainProps } from "../refusal/plain.ts";
import { RefusedPropsError } from "../refusal/refusal.ts";
import { modernShape } from "../cluster/props-shape.ts";
import { checkCluster, resolveCluster } from "../cluster/resolve.ts";
import { certificate } from "../manifests/certificate.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { adviseOnSize } from "../manifests/size.ts";
import { checkOperatorProps } from "../operator/check-props.ts";
import { refuseConfig, refuseSameNames } from "../operator/check-resources.ts";
import { operatorCluster } from "../operator/rabbitmq-cluster.ts";
import { operatorSecretCommands } from "../operator/secret-commands.ts";
import { topologyResources } from "../operator/topology.ts";
import { instructAtSynthesis } from "./instructions.ts";
import { addObjects, renderOrRefuse, withinSize } from "./add-objects.ts";

/** Everything a cluster of the operators renders to, and what its author should know. */
export interface RenderedOperatorCluster {
  /** Manifests, in the order to apply. */
  readonly manifests: readonly Manifest[];
  /** Warnings for the operator. */
  readonly warnings: readonly string[];
  /** Commands that make the Secrets the manifests refer to. */
  readonly secretCommands: readonly string[];
}

const operatorWarnings = [
  "storage: the operator deletes the volumes with the RabbitmqCluster.",
  "networkPolicy: the operators have none; every pod of the Kubernetes cluster may connect.",
];

/**
 * Renders a cluster as resources of RabbitMQ's cluster operator and topology operator, from the props of the plain one.
 * Props that these resources do not support are refused.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function renderOperatorCluster(props: ModernProps): RenderedOperatorCluster {
  const given = plainProps(props);
  const refusals = checkCluster(given);
  // Props of a wrong shape cannot be checked further.
  const own = refusals.length > 0 && refusalsOf(modernShape, given).length > 0 ? [] : checkOperatorProps(given);
  if (refusals.length + own.length > 0) throw new RefusedPropsError([...refusals, ...own]);
  const { cluster: plain, warnings } = resolveCluster(given);
  const cluster = { ...plain, names: { ...plain.names, headlessService: `${plain.names.cluster}-nodes` } };
  const { tls, names } = cluster;
  const resource = operatorCluster(cluster, given);
  const topology = topologyResources(cluster, { name: names.cluster });
  const unfit = [...refuseConfig(resource), ...refuseSameNames(topology)];
  if (unfit.length > 0) throw new RefusedPropsError(unfit);
  const certificates = tls?.issuer == null ? [] : [certificate(cluster, tls.issuer, tls.secretName)];
  const manifests = withinSize([...certificates, resource, ...topology], given);
  return {
    manifests,
    warnings: [...warnings, ...operatorWarnings, ...adviseOnSize(manifests)],
    secretCommands: operatorSecretCommands(cluster, given),
  };
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
  /** What to know about this cluster although it can be rendered. */
  readonly warnings: readonly string[];
  /** Commands that make the Secrets the manifests refer to. */
  readonly secretCommands: readonly string[];

  constructor(scope: Construct, id: string, props: ModernProps) {
    super(scope, id);
    const rendered = renderOrRefuse(this, () => renderOperatorCluster(props));
    const refused = rendered instanceof RefusedPropsError;
    this.warnings = refused ? [] : rendered.warnings;
    this.secretCommands = refused ? [] : rendered.secretCommands;
    addObjects(this, refused ? [] : rendered.manifests);
    if (!refused) instructAtSynthesis(this, rendered);
  }
}
