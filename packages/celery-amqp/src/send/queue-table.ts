import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import { type QueueOptions, type ResolvedQueue, resolveQueue } from "./queues.ts";
import { isShardedQueue, resolveShards, type ShardedQueue, type Shards } from "./sharded-queue.ts";

/** A queue as users write it: its name, an object of options, or a sharded queue. */
export type TaskQueue = string | QueueOptions | ShardedQueue;

/** The configured queues. */
export interface QueueTable {
  /** By name, in the given order; each shard of sharded queues. */
  readonly queues: ReadonlyMap<string, ResolvedQueue>;
  /** Sharded queues by the name that tasks are sent to. */
  readonly sharded: ReadonlyMap<string, Shards>;
}

/**
 * Checks and completes a list of queues.
 *
 * @throws CeleryError `option-invalid`
 */
export function resolveQueues(queues: readonly TaskQueue[]): QueueTable {
  if (!Array.isArray(queues)) refuse(queues, "a list of names, of objects with a name, and of sharded queues");
  const sharded = new Map<string, Shards>();
  const resolved = queues.flatMap((queue: TaskQueue) => {
    if (!isShardedQueue(queue)) return [resolveQueue(queue)];
    const shards = resolveShards(queue);
    sharded.set(shards.name, shards);
    return shards.queues;
  });
  const table = new Map(resolved.map((queue) => [queue.name, queue]));
  const names = new Set([...table.keys(), ...sharded.keys()]);
  if (names.size < resolved.length + queues.filter(isShardedQueue).length)
    refuse(queues, "a list that names each queue once");
  return { queues: table, sharded };
}

/** The name by which tasks are sent to this queue: for a shard that of the sharded queue. */
export function logicalName({ queues }: QueueTable, queue: string): string {
  return queues.get(queue)?.place?.queue ?? queue;
}

function refuse(value: unknown, wanted: string): never {
  throw new CeleryError("option-invalid", `queues is ${showValue(value)}: it must be ${wanted}`);
}
