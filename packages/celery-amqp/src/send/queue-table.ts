import type { Shape } from "@leveret/options";
import { invalidOption } from "../ports/options.ts";
import { type QueueOptions, queueShape, type ResolvedQueue, resolveQueue } from "./queues.ts";
import { isShardedQueue, resolveShards, shardedShape, type ShardedQueue, type Shards } from "./sharded-queue.ts";

/** A queue as users write it: its name, an object of options, or a sharded queue. */
export type TaskQueue = string | QueueOptions | ShardedQueue;

/** The configured queues. */
export interface QueueTable {
  /** By name, in the given order; each shard of sharded queues. */
  readonly queues: ReadonlyMap<string, ResolvedQueue>;
  /** Sharded queues by the name that tasks are sent to. */
  readonly sharded: ReadonlyMap<string, Shards>;
}

/** The shape of a queue in a list of them. */
export const taskQueueShape: Shape = (queue) => (isShardedQueue(queue) ? shardedShape(queue) : queueShape(queue));

/**
 * Completes a list of queues that have their shapes.
 *
 * @throws CeleryError `option-invalid` for a name that stands twice, and for options that exclude each other
 */
export function resolveQueues(queues: readonly TaskQueue[]): QueueTable {
  const sharded = new Map<string, Shards>();
  const resolved = queues.flatMap((queue: TaskQueue) => {
    if (!isShardedQueue(queue)) return [resolveQueue(queue)];
    const shards = resolveShards(queue);
    sharded.set(shards.name, shards);
    return shards.queues;
  });
  const names = [...resolved, ...queues.filter(isShardedQueue)].map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw invalidOption("the queues", "name", twice, "Name each queue once");
  return { queues: new Map(resolved.map((queue) => [queue.name, queue])), sharded };
}

/** The name by which tasks are sent to this queue: for a shard that of the sharded queue. */
export function logicalName({ queues }: QueueTable, queue: string): string {
  return queues.get(queue)?.place?.queue ?? queue;
}
