import { type Address, toValue } from "@leveret/celery-protocol";
import type { Routing, Sending } from "@leveret/celery-protocol/canvas";
import { shardName, taskAddress } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { QueueTable } from "./queue-table.ts";
import type { Router } from "./routes.ts";
import type { ShardedCall, Shards, ShardSelector } from "./sharded-queue.ts";

/** Where a message goes, and the queue to be declared before it goes there. */
export interface Destination {
  readonly to: Address;
  /** Null where the call names an exchange and no queue: then nothing is declared, as in Celery. */
  readonly queue: string | null;
  /** Only a message or a canvas names the queue: it is declared within the budget. Default false. */
  readonly isNamedByMessage?: boolean;
}

/** How one message leaves. */
export interface Way extends Destination {
  /** How long to wait for the confirm. Default: the transport's. */
  readonly publishTimeoutMs?: number;
}

/** Options of sending a call that its message does not have. */
export interface SendOptions {
  /** On a sharded queue: calls of one key go to one shard. */
  readonly shardKey?: string;
  /** How long to wait for the confirm. Default: the transport's. */
  readonly publishTimeoutMs?: number;
  /** The call is part of a message or a canvas: a queue that it names is declared within the budget. */
  readonly isFromMessage?: boolean;
}

/** What decides where messages go. */
export interface DestinationParts {
  readonly router: Router;
  readonly queues: QueueTable;
  readonly defaultQueue: string;
  readonly shardSelector: ShardSelector;
}

/** The shards that a call may go to. */
type SelectableShards = Pick<Shards, "name" | "count" | "shardBy">;

/** Resolves the queue and shard of each message. */
export class Destinations {
  readonly #parts: DestinationParts;
  /** Calls of one task share their routing. */
  readonly #known = new WeakMap<Routing, Destination>();

  constructor(parts: DestinationParts) {
    this.#parts = parts;
  }

  /**
   * Where a message goes.
   *
   * @throws CeleryError `option-invalid` where route and table of queues disagree about shards, an exchange is named
   * for a sharded queue, or `shardBy` returns an invalid key
   */
  wayOf({ task, to }: Sending, { shardKey, publishTimeoutMs, isFromMessage = false }: SendOptions): Way {
    const destination = this.#known.get(to) ?? this.#decide(to, () => callOf(task), shardKey);
    if (publishTimeoutMs === undefined && !isFromMessage) return destination;
    return {
      ...destination,
      ...(publishTimeoutMs !== undefined && { publishTimeoutMs }),
      ...(isFromMessage && to.isNamed && { isNamedByMessage: true }),
    };
  }

  #decide(to: Routing, call: () => ShardedCall, shardKey: string | undefined): Destination {
    const { queues, defaultQueue, shardSelector } = this.#parts;
    const shards = this.#shardsOf(to);
    if (shards !== null) return toShard(shards, shardSelector.shard(shards, shardKey, call));
    const destination = destinationOf(to, queues, defaultQueue);
    this.#known.set(to, destination);
    return destination;
  }

  /** The shards of the queue that a call goes to; null where that queue has none, or the call names exchange and routing key. */
  #shardsOf(to: Routing): SelectableShards | null {
    const { queues, defaultQueue, router } = this.#parts;
    const name = queueOf(to) ?? defaultQueue;
    const listed = queues.sharded.get(name);
    const { queue, shards, shardBy } = router(to.routeName);
    if (shards !== undefined && listed !== undefined && name === queue && listed.count !== shards)
      refuse(`queue "${name}" has ${shards} shards in a route and ${listed.count} in queues: leave one out`);
    const sharded =
      shards !== undefined && name === queue
        ? { name, count: shards, shardBy: shardBy ?? listed?.shardBy ?? null }
        : listed;
    if (sharded === undefined) return null;
    if (!to.exchange || to.routingKey === null) return sharded;
    if (to.queue === null) return null;
    return refuse(`queue "${name}" is sharded and reached by its name: leave exchange and routingKey out`);
  }
}

/**
 * Where the message of a call goes, by the rules of the protocol's `taskAddress`, which are Celery's.
 * Source of the rest: celery/app/amqp.py `send_task_message`.
 */
export function destinationOf(
  to: Pick<Routing, "queue" | "exchange" | "routingKey">,
  { queues }: QueueTable,
  defaultQueue: string,
): Destination {
  if (to.exchange === "" && to.routingKey !== null)
    return { to: { exchange: "", routingKey: to.routingKey }, queue: to.routingKey };
  const queue = to.queue ?? defaultQueue;
  const address = taskAddress(queue, queues.get(queue)?.declaration, to);
  return { to: address, queue: to.exchange === null ? queue : to.queue };
}

/** The named queue: for a message of the default exchange that of its routing key. */
function queueOf({ queue, exchange, routingKey }: Routing): string | null {
  return exchange === "" ? routingKey : queue;
}

/** A shard is reached as any queue on a direct exchange is: by its name. */
function toShard({ name }: SelectableShards, shard: number): Destination {
  const queue = shardName(name, shard);
  return { to: { exchange: "", routingKey: queue }, queue };
}

function callOf({ task, args, kwargs }: Sending["task"]): ShardedCall {
  return {
    task,
    args: toValue(args) as readonly unknown[],
    kwargs: toValue(kwargs) as Readonly<Record<string, unknown>>,
  };
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}
