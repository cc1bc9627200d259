import { formatSteps, kubectl, nodeName, onNode, type Place } from "./place.ts";

/**
 * The steps to fewer nodes. A node that is only scaled away stays a member of the cluster and of its queues, and one that
 * comes back with its old volume after it was forgotten never gets ready.
 */
export function scaleDownSteps(place: Place, from: number, to: number): string {
  const leaving = Array.from({ length: from - to }, (_, index) => from - 1 - index);
  return formatSteps([
    [
      "See that all is well: every node runs, no queue is without its majority.",
      onNode(place, 0, "rabbitmqctl cluster_status"),
      onNode(place, 0, "rabbitmq-diagnostics check_if_node_is_quorum_critical"),
    ],
    [
      "Move the queues off the nodes that leave.",
      ...leaving.map((ordinal) => onNode(place, 0, `rabbitmq-queues shrink ${nodeName(place, ordinal)}`)),
    ],
    [
      "Stop the nodes.",
      `${kubectl(place)} scale statefulset ${place.name} --replicas=${to}`,
      ...leaving.map((ordinal) => `${kubectl(place)} wait --for=delete pod/${place.name}-${ordinal} --timeout=300s`),
    ],
    [
      "Make the cluster forget them.",
      ...leaving.map((ordinal) => onNode(place, 0, `rabbitmqctl forget_cluster_node ${nodeName(place, ordinal)}`)),
    ],
    [
      "Delete their volumes; their data is no longer theirs to return with.",
      ...leaving.map((ordinal) => `${kubectl(place)} delete pvc data-${place.name}-${ordinal}`),
    ],
    [`Set \`replicas: ${to}\` in the props and apply, so that the next apply does not bring them back.`],
  ]);
}
