import type { ResolvedCluster } from "../cluster/resolved.ts";
import type { Queue, QueueType } from "../cluster/topology.ts";

/** What a queue of the definitions will be. One that does not outlive its node or its consumers can only be classic. */
export function queueTypeOf(
  { type, vhost, durable = true, autoDelete = false }: Queue,
  { topology }: ResolvedCluster,
): QueueType {
  if (type !== undefined) return type;
  if (!durable || autoDelete) return "classic";
  return topology.vhosts.find(({ name }) => name === vhost)?.defaultQueueType ?? "classic";
}
