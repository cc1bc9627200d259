import { Construct } from "constructs";
import {
  connectionOf,
  type RabbitConnection,
  secretCommands,
  seedConnectionOf,
  seedSecretCommand,
} from "../cluster/connection.ts";
import type { RabbitClusterProps } from "../cluster/props.ts";
import { plainProps } from "../refusal/plain.ts";
import { RefusedPropsError } from "../refusal/refusal.ts";
import { resolveCluster } from "../cluster/resolve.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { clusterManifests } from "../manifests/manifests.ts";
import { adviseOnSize } from "../manifests/size.ts";
import { seedManifests } from "../seed/manifests.ts";
import { resolveSeed } from "../seed/resolve.ts";
import { instructAtSynthesis } from "./instructions.ts";
import { addObjects, renderOrRefuse, withinSize } from "./add-objects.ts";

/** Everything a cluster renders to, and what its author should know. */
export interface RenderedCluster {
  /** Manifests, in the order to apply. */
  readonly manifests: readonly Manifest[];
  /** Warnings for the operator. */
  readonly warnings: readonly string[];
  /** Commands that make the Secrets the manifests refer to. */
  readonly secretCommands: readonly string[];
  /** Connection of clients. */
  readonly connection: RabbitConnection;
}

/**
 * Renders a cluster to plain objects, without cdk8s.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function renderCluster(props: RabbitClusterProps): RenderedCluster {
  const given = plainProps(props);
  if (given.preset === "seed") {
    const seed = resolveSeed(given);
    return {
      manifests: withinSize(seedManifests(seed), given),
      warnings: [],
      secretCommands: seed.secretValues === null ? [seedSecretCommand(seed)] : [],
      connection: seedConnectionOf(seed),
    };
  }
  const { cluster, warnings } = resolveCluster(given);
  const manifests = withinSize(clusterManifests(cluster), given);
  return {
    manifests,
    warnings: [...warnings, ...adviseOnSize(manifests)],
    secretCommands: secretCommands(cluster),
    connection: connectionOf(cluster),
  };
}

/**
 * A RabbitMQ cluster in a cdk8s chart. Props that cannot be rendered are reported when the app is synthesized, all at once;
 * until then the construct has no objects. Synthesis writes to the error output what the command writes there: warnings, and
 * the commands that make the namespace and the Secrets.
 *
 * @example
 * ```ts
 * new RabbitCluster(chart, "rabbit", { namespace: "messaging", version: "4.3" });
 * ```
 */
export class RabbitCluster extends Construct {
  /** What to know about this cluster although it can be rendered. */
  readonly warnings: readonly string[];
  /** Commands that make the Secrets the manifests refer to. */
  readonly secretCommands: readonly string[];
  readonly #rendered: RenderedCluster | RefusedPropsError;

  constructor(scope: Construct, id: string, props: RabbitClusterProps) {
    super(scope, id);
    const rendered = renderOrRefuse(this, () => renderCluster(props));
    this.#rendered = rendered;
    const refused = rendered instanceof RefusedPropsError;
    this.warnings = refused ? [] : rendered.warnings;
    this.secretCommands = refused ? [] : rendered.secretCommands;
    addObjects(this, refused ? [] : rendered.manifests);
    if (!refused) instructAtSynthesis(this, rendered);
  }

  /**
   * What applications need to reach the cluster.
   *
   * @throws RefusedPropsError when the props were refused, so there is nothing to reach.
   */
  get connection(): RabbitConnection {
    if (this.#rendered instanceof RefusedPropsError) throw this.#rendered;
    return this.#rendered.connection;
  }
}
