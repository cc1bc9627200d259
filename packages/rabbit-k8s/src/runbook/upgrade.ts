import { requiredFeatureFlags, upgradePath } from "../rabbitmq/upgrade.ts";
import { isAtLeast, latestOf, parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import type { Place } from "./place.ts";
import { checkHealth, eachBelow, formatScript, type Step } from "./script.ts";

/** The script from one version to another, through every series in between; `null` without an upgrade path. */
export function upgradeScript(place: Place, from: RabbitVersion, to: RabbitVersion): string | null {
  const path = upgradePath(from.series, to.series);
  if (path === null) return null;
  const releases = [
    from.text,
    ...(from.series === "3.11" && !isAtLeast(from, "3.11.18") && path.length > 1 ? [latestOf("3.11")] : []),
    // A newer patch of the same series is one step too.
    ...(path.length === 1 ? path : path.slice(1)).map((series) =>
      series === to.series && to.text !== to.series ? to.text : latestOf(series),
    ),
  ];
  const hops = releases
    .slice(1)
    .map((release, index) => ({ from: releases[index] ?? from.text, to: release, later: releases.slice(index + 2) }));
  const { name, namespace } = place;
  return formatScript(place, `Takes ${name} in ${namespace} from RabbitMQ ${releases.join(" > ")}.`, [
    [
      "The manifests of each release are here.",
      ...hops.map(
        (hop) =>
          `[ -s ${fileOf(place, hop.to)} ] || stop "there is no ${fileOf(place, hop.to)}: rabbit-k8s synth --version ${hop.to} --from ${hop.from} ... > ${fileOf(place, hop.to)}, then rabbit-k8s diff what runs and it"`,
      ),
    ],
    ...hops.flatMap((hop) => hopSteps(place, hop)),
  ]);
}

interface Hop {
  readonly from: string;
  readonly to: string;
  /** The releases that come after it: a second run passes over what is done. */
  readonly later: readonly string[];
}

function fileOf({ name }: Place, release: string): string {
  return `${name}-${release}.yaml`;
}

/** What `rabbitmqctl version` prints for a release, as a pattern of the shell; any patch where only the series is known. */
function pattern(release: string): string {
  const version = parseVersion(release);
  return version === null || version.text === version.series ? `${release}|${release}.*` : release;
}

/** Sets `old` and `new` to the number of nodes of each release, `later` where one is beyond, and stops at any other. */
function countReleases(place: Place, hop: Hop): readonly string[] {
  return [
    "old=0 new=0",
    ...eachBelow(
      "$replicas",
      `release=$(on ${place.name}-$i rabbitmqctl version)`,
      `case $release in`,
      `  ${pattern(hop.to)}) new=$((new + 1)) ;;`,
      `  ${pattern(hop.from)}) old=$((old + 1)) ;;`,
      ...(hop.later.length > 0 ? [`  ${hop.later.map(pattern).join("|")}) later=1 ;;`] : []),
      `  *) stop "${place.name}-$i runs $release, not ${hop.from}" ;;`,
      "esac",
    ),
  ];
}

function hopSteps(place: Place, hop: Hop): readonly Step[] {
  const { name } = place;
  const to = parseVersion(hop.to);
  const flags = to === null ? [] : requiredFeatureFlags(to);
  return [
    [
      `${hop.from} to ${hop.to}: every node runs ${hop.from}, and the cluster is well.`,
      "later=",
      ...countReleases(place, hop),
      `if [ -z "$later" ] && [ "$old" -gt 0 ]; then`,
      ...[
        ...checkHealth(place, "$replicas"),
        ...eachBelow(
          "$replicas",
          `on ${name}-$i rabbitmq-diagnostics -q check_if_node_is_quorum_critical || stop "a queue would lose its majority without ${name}-$i: wait until its members are there"`,
        ),
        `(umask 077; on ${name}-0 rabbitmqctl -q export_definitions - > ${name}-${hop.from}-definitions.json)`,
        `[ -s ${name}-${hop.from}-definitions.json ] || stop "the definitions could not be saved"`,
        ...(isMirrorEnd(hop)
          ? [
              `if grep -q '"ha-mode"' ${name}-${hop.from}-definitions.json; then stop "a policy mirrors classic queues, which ${hop.to} no longer does: move them to quorum queues and delete each policy with ha-* keys"; fi`,
            ]
          : []),
        `on ${name}-0 rabbitmqctl enable_feature_flag all`,
        `flags=$(on ${name}-0 rabbitmqctl -q list_feature_flags name state | tr -s "\\t" " ")`,
        `for flag in ${flags.join(" ")}; do`,
        `  case "$flags" in *"$flag enabled"*) ;; *) stop "${hop.to} needs the feature flag $flag: rabbitmqctl enable_feature_flag $flag" ;; esac`,
        "done",
        `say "the next steps cannot be undone: take snapshots of the volumes where the storage can"`,
      ].map((line) => `  ${line}`),
      "fi",
    ],
    [
      `${hop.from} to ${hop.to}: the nodes are replaced one by one.`,
      `if [ -z "$later" ]; then`,
      `  k apply -f ${fileOf(place, hop.to)}`,
      `  k rollout status statefulset ${name} --timeout=30m || stop "a node of ${hop.to} does not get ready; the others serve. See kubectl -n ${place.namespace} logs of the pod, container setup, then rabbitmq"`,
      ...countReleases(place, hop).map((line) => `  ${line}`),
      `  [ "$new" = "$replicas" ] || stop "only $new of $replicas nodes run ${hop.to}: is it the image of ${fileOf(place, hop.to)}?"`,
      `  on ${name}-0 rabbitmqctl enable_feature_flag all`,
      `  on ${name}-0 rabbitmq-queues rebalance all`,
      "fi",
    ],
  ];
}

function isMirrorEnd({ from, to }: Hop): boolean {
  const [before, after] = [parseVersion(from), parseVersion(to)];
  return before !== null && after !== null && !isAtLeast(before, "4.0") && isAtLeast(after, "4.0");
}
