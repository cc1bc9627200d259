import { upgradePath } from "../rabbitmq/upgrade.ts";
import { isAtLeast, latestOf, type RabbitVersion, type Series } from "../rabbitmq/version.ts";
import { formatSteps, kubectl, onNode, type Place } from "./place.ts";

/** The steps from one version to another, by way of every series between; `null` where no way leads there. */
export function upgradeSteps(place: Place, from: RabbitVersion, to: RabbitVersion): string | null {
  const path = upgradePath(from.series, to.series);
  if (path === null) return null;
  const [, ...series] = path;
  const releases = series.map((name) => (name === to.series && to.text !== to.series ? to.text : latestOf(name)));
  const mirrored = !isAtLeast(from, "4.0") && isAtLeast(to, "4.0");
  return formatSteps([
    [
      "See that all is well before anything else.",
      onNode(place, 0, "rabbitmqctl cluster_status"),
      onNode(place, 0, "rabbitmq-diagnostics check_if_node_is_quorum_critical"),
    ],
    ...(from.series === "3.11" && !isAtLeast(from, "3.11.18")
      ? [[`First go to 3.11.28: 3.12 can only be reached from 3.11.18 on.`] as const]
      : []),
    ...(mirrored
      ? [
          [
            "Before 4.x: move mirrored classic queues to quorum queues and delete every policy with ha-* keys, in each VHOST.",
            onNode(place, 0, "rabbitmqctl list_vhosts"),
            onNode(place, 0, "rabbitmqctl list_policies -p VHOST"),
          ] as const,
        ]
      : []),
    ...releases.flatMap((release, index) =>
      step(place, index === 0 ? from.text : (releases[index - 1] ?? from.text), release, series[index]),
    ),
  ]);
}

function step(
  place: Place,
  from: string,
  release: string,
  series: Series | undefined,
): readonly (readonly [string, ...string[]])[] {
  return [
    [
      `Enable all stable feature flags on ${from}; without them the first ${series ?? release} node does not start.`,
      onNode(place, 0, "rabbitmqctl enable_feature_flag all"),
    ],
    [
      `Set \`version: '${release}'\` and \`from: '${from}'\`, apply, and wait; there is no way back.`,
      `${kubectl(place)} rollout status statefulset ${place.name} --timeout=30m`,
    ],
    [
      "Enable the new release's flags and spread the leaders again.",
      onNode(place, 0, "rabbitmqctl enable_feature_flag all"),
      onNode(place, 0, "rabbitmq-queues rebalance all"),
    ],
  ];
}
