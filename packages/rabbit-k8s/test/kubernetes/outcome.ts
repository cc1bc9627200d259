import type { ModernProps, SeedProps } from "../../src/cluster/props.ts";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { RefusedPropsError, type Refusal } from "../../src/refusal/refusal.ts";
import type { CeleryWorkersProps } from "../../src/workers/props.ts";
import { refusedTogether } from "../schemas/api-server.ts";
import { refusedBySchema } from "../schemas/validate.ts";
import { clusterSamples, operatorSamples, seedSamples, workerSamples } from "./odd-samples.ts";

/** One kind of props, with a sample that uses each of them and what renders it. */
export interface Subject {
  readonly name: string;
  readonly sample: object;
  readonly render: (props: object) => readonly Manifest[];
}

function subjects<Props extends object>(
  name: string,
  samples: readonly Props[],
  render: (props: Props) => readonly Manifest[],
): readonly Subject[] {
  return samples.map((sample, index) => ({
    name: `${name} ${index + 1}`,
    sample,
    render: (props) => render(props as Props),
  }));
}

/** All that takes props. */
export const everySubject: readonly Subject[] = [
  ...subjects<ModernProps>("cluster", clusterSamples, (props) => renderCluster(props).manifests),
  ...subjects<ModernProps>("operator's cluster", operatorSamples, (props) => renderOperatorCluster(props).manifests),
  ...subjects<CeleryWorkersProps>("workers", workerSamples, renderWorkers),
  ...subjects<SeedProps>("original cluster", seedSamples, (props) => renderCluster(props).manifests),
];

/** What a release of Kubernetes would say of the objects. */
export function refusedByKubernetes(release: string, manifests: readonly Manifest[]): readonly string[] {
  return [...refusedTogether(manifests), ...manifests.flatMap((manifest) => refusedBySchema(release, manifest))];
}

/** The lists that others name: what is taken out of one is refused where it is named. */
const namedBy: Readonly<Record<string, RegExp>> = {
  vhosts: /\.vhost$/,
  users: /^(topicP|p)ermissions/,
  queues: /^bindings/,
  exchanges: /^bindings/,
  // Without it the props are those of the other preset.
  preset: /^/,
};

/**
 * What is wrong with the outcome of odd props; `null` where each was refused by its name, or Kubernetes takes what was made.
 *
 * @throws whatever rendering throws beside refusals.
 */
export function wrongOutcome(subject: Subject, prop: string, props: object, release: string): string | null {
  const result = attempt(() => subject.render(props));
  if (!("refusals" in result)) {
    const reasons = refusedByKubernetes(release, result.manifests);
    return reasons.length === 0 ? null : `rendered, and refused by Kubernetes: ${reasons.join(" | ").slice(0, 600)}`;
  }
  const { refusals } = result;
  const isNamed = refusals.some((each) => each.prop.startsWith(prop) || namedBy[prop]?.test(each.prop) === true);
  const isWhole = refusals.every(({ reason, remedy }) => reason !== "" && remedy !== "");
  return isNamed && isWhole ? null : `refused as ${refusals.map((each) => each.prop).join(", ")}`;
}

function attempt(
  render: () => readonly Manifest[],
): { readonly manifests: readonly Manifest[] } | { readonly refusals: readonly Refusal[] } {
  try {
    return { manifests: render() };
  } catch (error) {
    if (!(error instanceof RefusedPropsError)) throw error;
    return { refusals: error.refusals };
  }
}
