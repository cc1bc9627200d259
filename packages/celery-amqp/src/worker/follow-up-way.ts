import { type TaskMessage, toValue } from "@leveret/celery-protocol";
import { type Destination, destinationOf, type Spreading, spreadingOf, toShard } from "../send/destination.ts";
import type { QueueTable } from "../send/queue-table.ts";
import type { Spread } from "../send/sharded-queue.ts";
import type { ResolvedSending } from "./options.ts";
import type { Sending } from "./rules/effect.ts";

/** What decides where the followers of a task go. */
export interface FollowUpParts extends Pick<ResolvedSending, "router" | "defaultQueue"> {
  readonly queues: QueueTable;
  readonly spread: Spread;
}

/** A follower of a task and its way. */
export interface FollowUp {
  readonly task: TaskMessage;
  readonly way: Destination;
}

/**
 * What follows from a task goes where it says, else by the routes of its name; a retry goes back to its own shard, since
 * it came from there.
 *
 * @throws CeleryError as `spreadingOf` and `Spread` do
 */
export function followUpWay({ task, to, routeName }: Sending, parts: FollowUpParts): FollowUp {
  const { router, queues, defaultQueue } = parts;
  if (to !== null) {
    const spreading = to.exchange === "" ? queues.sharded.get(to.routingKey) : undefined;
    if (spreading !== undefined) return { task, way: shardFor(task, spreading, parts) };
    return { task, way: { to, queue: to.exchange === "" ? to.routingKey : null, isNamedByMessage: true } };
  }
  const route = router(routeName ?? task.task);
  const routed = route.protocol === undefined ? task : { ...task, protocol: route.protocol };
  const spreading = spreadingOf(route, route, queues, defaultQueue);
  const way = spreading === null ? destinationOf(route, queues, defaultQueue) : shardFor(task, spreading, parts);
  return { task: routed, way };
}

function shardFor({ task, args, kwargs }: TaskMessage, spreading: Spreading, { spread }: FollowUpParts): Destination {
  const call = {
    task,
    args: toValue(args) as readonly unknown[],
    kwargs: toValue(kwargs) as Readonly<Record<string, unknown>>,
  };
  return toShard(spreading, spread.shard(spreading, undefined, call));
}
