import { refusalsOf } from "../refusal/shape.ts";
import type { SeedProps } from "../cluster/props.ts";
import { seedShape } from "../cluster/props-shape.ts";
import { parseBytes } from "../cluster/quantity.ts";
import { RefusedPropsError, type Refusal } from "../refusal/refusal.ts";
import type { ResolvedSeed } from "../cluster/resolved.ts";
import { checkTexts } from "../kubernetes/check.ts";
import { imageName, isDnsLabel, isDomainName, objectName } from "../kubernetes/rules.ts";
import { isAtLeast, isPlainVersion, parseVersion } from "../rabbitmq/version.ts";

const defaultVersion = "3.9.14";

/** All that is wrong with the props of the original document's cluster, at once. */
function checkSeed(props: SeedProps): readonly Refusal[] {
  const misshapen = refusalsOf(seedShape, props);
  if (misshapen.length > 0) return misshapen;
  const className = props.storage?.className;
  return [
    ...checkVersion(props),
    ...checkPlace(props),
    ...checkValues(props),
    ...checkTexts({ image: props.image }, imageName, "write REGISTRY/NAME:TAG, or NAME@sha256:DIGEST"),
    ...checkTexts(
      { "storage.className": className === "" ? undefined : className },
      objectName,
      "use lower-case letters, digits, dashes and dots",
    ),
  ];
}

function checkVersion({ version: text = defaultVersion }: SeedProps): readonly Refusal[] {
  const version = parseVersion(text);
  if (version === null || !isPlainVersion(text)) {
    return [
      {
        prop: "version",
        reason: `"${text}" is no RabbitMQ version this package knows`,
        remedy: "use one from 3.9 to 3.13",
      },
    ];
  }
  if (!isAtLeast(version, "4.0")) return [];
  return [
    {
      prop: "version",
      reason: `preset 'seed' mirrors classic queues (policy "ha-fed-test"), which RabbitMQ ${text} no longer has: every pod would crash-loop on its definitions`,
      remedy:
        "leave out `preset` for a cluster with quorum queues on 4.x; to bring the messages along, go 3.9 > 3.10 > 3.11 > 3.12 > 3.13 with this preset, move the queues to quorum there, then upgrade",
    },
  ];
}

function checkPlace({
  namespace = "rabbitmq-golang",
  clusterDomain = "cluster.local",
  storage,
}: SeedProps): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (!isDnsLabel(namespace)) {
    refusals.push({
      prop: "namespace",
      reason: `"${namespace}" is no name for a namespace`,
      remedy: "use lower-case letters, digits and dashes",
    });
  }
  if (!isDomainName(clusterDomain)) {
    refusals.push({
      prop: "clusterDomain",
      reason: `"${clusterDomain}" is no DNS domain`,
      remedy: "give the cluster's own, usually cluster.local",
    });
  }
  if (!((parseBytes(storage?.size ?? "2Gi") ?? 0) > 0)) {
    refusals.push({ prop: "storage.size", reason: `"${storage?.size}" is no size`, remedy: "write 2Gi" });
  }
  return refusals;
}

function checkValues({ replicas = 2, secretValues }: SeedProps): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 99) {
    refusals.push({
      prop: "replicas",
      reason: `${replicas} is no number of nodes`,
      remedy: "use 2, as the document does",
    });
  }
  for (const [key, value] of Object.entries(secretValues ?? {})) {
    if (value === "")
      refusals.push({
        prop: `secretValues.${key}`,
        reason: "it is empty",
        remedy: "give a value or leave `secretValues` out",
      });
  }
  return refusals;
}

/**
 * Decides every default of the original document's cluster.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function resolveSeed(props: SeedProps): ResolvedSeed {
  const refusals = checkSeed(props);
  if (refusals.length > 0) throw new RefusedPropsError(refusals);
  const text = props.version ?? defaultVersion;
  const version = parseVersion(text);
  if (version === null) throw new RefusedPropsError(refusals);
  return {
    namespace: props.namespace ?? "rabbitmq-golang",
    clusterDomain: props.clusterDomain ?? "cluster.local",
    version,
    image: props.image ?? `rabbitmq:${text}-management`,
    replicas: props.replicas ?? 2,
    storage: { size: "2Gi", className: "standard", ...props.storage },
    secretValues: props.secretValues ?? null,
  };
}
