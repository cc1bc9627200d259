import { type Address, shardName, taskAddress } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { CallOptions } from "../task/call-options.ts";
import type { QueueTable } from "./queue-table.ts";
import type { Route } from "./routes.ts";
import type { Shards } from "./sharded-queue.ts";

/** Where a message goes, and the queue to be declared before it goes there. */
export interface Destination {
  readonly to: Address;
  /** Null where the call names an exchange and no queue: then nothing is declared, as in Celery. */
  readonly queue: string | null;
  /** Nothing but a message or a canvas names the queue: it is declared while the budget allows. Default false. */
  readonly isNamedByMessage?: boolean;
}

/** The shards that a call may go to. */
export type Spreading = Pick<Shards, "name" | "count" | "shardBy">;

/**
 * Where the message of a call goes, by the rules of the protocol's `taskAddress`, which are Celery's.
 * Source of the rest: celery/app/amqp.py `send_task_message`.
 */
export function destinationOf(options: CallOptions, { queues }: QueueTable, defaultQueue: string): Destination {
  const queue = options.queue ?? defaultQueue;
  const to = taskAddress(queue, queues.get(queue)?.declaration, options);
  return { to, queue: options.exchange === undefined ? queue : (options.queue ?? null) };
}

/**
 * The shards of the queue that a call goes to; null where that queue has none, or the call names exchange and routing key.
 *
 * @param options - the call's over the route's
 * @param route - the route alone: its shards are those of its own queue
 * @throws CeleryError `option-invalid` where route and table disagree, or an exchange is named for a sharded queue
 */
export function spreadingOf(
  options: CallOptions,
  route: Route,
  { sharded }: QueueTable,
  defaultQueue: string,
): Spreading | null {
  const name = options.queue ?? defaultQueue;
  const listed = sharded.get(name);
  const spreading =
    route.shards !== undefined && name === route.queue ? routed(route, name, route.shards, listed) : listed;
  if (spreading === undefined) return null;
  if (options.exchange === undefined || options.routingKey === undefined) return spreading;
  if (options.queue === undefined) return null;
  return refuse(`queue "${name}" is sharded and reached by its name: leave exchange and routingKey out`);
}

/** A shard is reached as any queue on a direct exchange is: by its name. */
export function toShard({ name }: Spreading, shard: number): Destination {
  const queue = shardName(name, shard);
  return { to: { exchange: "", routingKey: queue }, queue };
}

function routed(route: Route, name: string, count: number, listed: Shards | undefined): Spreading {
  if (listed !== undefined && listed.count !== count)
    refuse(
      `a route says that queue "${name}" has ${count} shards, and queues that it has ${listed.count}: leave one out`,
    );
  return { name, count, shardBy: route.shardBy ?? listed?.shardBy ?? null };
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}
