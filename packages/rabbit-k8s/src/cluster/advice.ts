import { isAtLeast, type RabbitVersion } from "../rabbitmq/version.ts";
import { isShippedPlugin } from "../rabbitmq/plugins.ts";
import type { ModernProps } from "./props.ts";
import type { ResolvedCluster } from "./resolved.ts";
import { parseBytes } from "./quantity.ts";

/** What is allowed but probably not meant; one sentence each. */
export function adviseOn(cluster: ResolvedCluster, celeryPython: boolean): readonly string[] {
  return [
    ...adviseOnReplicas(cluster),
    ...adviseOnStorage(cluster),
    ...adviseOnPlugins(cluster),
    ...adviseOnMirroring(cluster),
    ...adviseOnShovels(cluster),
    ...(celeryPython ? adviseOnPython(cluster.version) : []),
  ];
}

function adviseOnReplicas({ replicas, version }: ResolvedCluster): readonly string[] {
  if (replicas === 2) {
    const loss = isAtLeast(version, "4.2")
      ? "losing one stops declarations"
      : "a broken link splits the cluster in two";
    return [`replicas: with 2 nodes a majority is 2, so ${loss}, and quorum queues stop. Use 3.`];
  }
  if (replicas > 2 && replicas % 2 === 0) {
    return [`replicas: ${replicas} nodes survive no more losses than ${replicas - 1}. Use an odd number.`];
  }
  return [];
}

function adviseOnStorage({ storage, resources }: ResolvedCluster): readonly string[] {
  if ((parseBytes(storage.size) ?? 0) >= 3 * resources.diskFreeBytes) return [];
  return [
    `storage.size: ${storage.size} is less than three times the disk limit of ${resources.diskFreeBytes} bytes; publishers will be blocked soon.`,
  ];
}

function adviseOnPlugins({ plugins }: ResolvedCluster): readonly string[] {
  return plugins
    .filter((name) => !isShippedPlugin(name))
    .map((name) => `plugins: ${name} does not come with RabbitMQ; the image must contain it or no node boots.`);
}

function adviseOnMirroring({ topology }: ResolvedCluster): readonly string[] {
  return topology.policies
    .filter((policy) => Object.keys(policy.definition).some((key) => key.startsWith("ha-")))
    .map(
      (policy) =>
        `policies: "${policy.name}" mirrors classic queues, which ends with RabbitMQ 4.0. Move its queues to quorum first.`,
    );
}

function adviseOnShovels({ topology, version, replicas }: ResolvedCluster): readonly string[] {
  if (isAtLeast(version, "4.0") || replicas < 2) return [];
  const ends = topology.shovels.flatMap(({ vhost, source, destination }) =>
    [source, destination].filter(({ uri }) => uri === undefined).map(({ queue }) => ({ vhost, queue })),
  );
  return topology.queues
    .filter(
      ({ name, vhost, type }) => type !== "classic" && ends.some((end) => end.queue === name && end.vhost === vhost),
    )
    .map(
      ({ name }) =>
        `shovels: on RabbitMQ ${version.text} a shovel may declare its queue "${name}" before the other nodes joined, and a quorum queue then has one member. After the first boot: rabbitmq-queues grow NODE all.`,
    );
}

/** The type that `celery` decides by the version changes with it; the queues of a fleet do not. */
export function adviseOnQueueType(
  { defaultQueueType, from }: ModernProps,
  cluster: ResolvedCluster,
  forPython: boolean,
): readonly string[] {
  if (!forPython || defaultQueueType !== undefined || !isAtLeast(cluster.version, "4.3")) return [];
  return [
    cluster.defaultQueueType === "classic"
      ? `defaultQueueType: it stays classic, as from ${from} on. Write defaultQueueType: 'classic' before you leave \`from\` out: with quorum, RabbitMQ refuses to Python workers the queues that they declared before.`
      : "defaultQueueType: quorum, for a new cluster. One that was upgraded from before 4.3 needs defaultQueueType: 'classic', or RabbitMQ refuses Python workers' declarations of their existing queues; rabbit-k8s diff reports it.",
  ];
}

function adviseOnPython(version: RabbitVersion): readonly string[] {
  if (isAtLeast(version, "4.3")) {
    return [
      "celery: Python Celery 5.6 and older declares its control queues transient; they are permitted here. Newer ones: control_queue_exclusive = event_queue_exclusive = True.",
    ];
  }
  return [
    `celery: on RabbitMQ ${version.text} the default queue type stays classic, for an unconfigured Python worker cannot consume quorum queues before 4.3. To use them: defaultQueueType 'quorum' here and in every Python app task_default_queue_type = "quorum", worker_detect_quorum_queues = True, broker_transport_options = {"confirm_publish": True}.`,
  ];
}
