import { ApiObject } from "cdk8s";
import { Construct } from "constructs";
import {
  connectionOf,
  type RabbitConnection,
  secretCommands,
  seedConnectionOf,
  seedSecretCommand,
} from "../cluster/connection.ts";
import type { RabbitClusterProps } from "../cluster/props.ts";
import { formatRefusal, RefusedPropsError } from "../cluster/refusal.ts";
import { resolveCluster } from "../cluster/resolve.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { clusterManifests } from "../manifests/manifests.ts";
import { seedManifests } from "../seed/manifests.ts";
import { resolveSeed } from "../seed/resolve.ts";

/** Everything a cluster renders to, and what its author should know. */
export interface RenderedCluster {
  readonly manifests: readonly Manifest[];
  readonly warnings: readonly string[];
  /** Commands that make the Secrets the manifests refer to. */
  readonly secretCommands: readonly string[];
  readonly connection: RabbitConnection;
}

/**
 * Renders a cluster to plain objects, without cdk8s.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function renderCluster(props: RabbitClusterProps): RenderedCluster {
  if (props.preset === "seed") {
    const seed = resolveSeed(props);
    return {
      manifests: seedManifests(seed),
      warnings: [],
      secretCommands: seed.secretValues === null ? [seedSecretCommand(seed)] : [],
      connection: seedConnectionOf(seed),
    };
  }
  const { cluster, warnings } = resolveCluster(props);
  return {
    manifests: clusterManifests(cluster),
    warnings,
    secretCommands: secretCommands(cluster),
    connection: connectionOf(cluster),
  };
}

/**
 * A RabbitMQ cluster in a cdk8s chart. Props that cannot be rendered are reported when the app is synthesized, all at once;
 * until then the construct has no objects.
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
  readonly #connection: RabbitConnection | null;

  constructor(scope: Construct, id: string, props: RabbitClusterProps) {
    super(scope, id);
    const rendered = this.#render(props);
    this.warnings = rendered?.warnings ?? [];
    this.secretCommands = rendered?.secretCommands ?? [];
    this.#connection = rendered?.connection ?? null;
    addObjects(this, rendered?.manifests ?? []);
  }

  /**
   * What applications need to reach the cluster.
   *
   * @throws RefusedPropsError when the props were refused, so there is nothing to reach.
   */
  get connection(): RabbitConnection {
    if (this.#connection !== null) return this.#connection;
    throw new RefusedPropsError([
      {
        prop: this.node.path,
        reason: "the cluster's props were refused",
        remedy: "synthesize the app to see all reasons",
      },
    ]);
  }

  #render(props: RabbitClusterProps): RenderedCluster | null {
    try {
      return renderCluster(props);
    } catch (error) {
      if (!(error instanceof RefusedPropsError)) throw error;
      this.node.addValidation({ validate: () => error.refusals.map(formatRefusal) });
      return null;
    }
  }
}

/** Puts objects into a construct under ids that say what they are. */
export function addObjects(scope: Construct, manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    new ApiObject(scope, `${manifest.kind}-${manifest.metadata.name}`, manifest);
  }
}
