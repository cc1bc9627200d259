import { shardName, shardOf } from "@leveret/celery-protocol/routing";
import { either, functions, integer, oneOf, props, type Shape } from "@leveret/options";
import { checkOptions, invalidOption } from "../ports/options.ts";
import { refusePromise } from "./answered.ts";
import { type QueueOptions, queueShapes, type ResolvedQueue, resolveQueue } from "./queues.ts";

/** The call that `shardBy` gets, with its serialized arguments. */
export interface ShardedCall {
  /** Name of the task. */
  readonly task: string;
  /** Positional arguments. */
  readonly args: readonly unknown[];
  /** Keyword arguments. */
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/**
 * The key of a call: one key always goes to the same shard. Calls without a key (null, undefined) use the shards in
 * turn.
 */
export type ShardBy = "round-robin" | ((call: ShardedCall) => string | null | undefined);

/** Options of a sharded queue: those of a queue apply to each shard, unless noted. */
export interface ShardedQueueOptions extends Omit<
  QueueOptions,
  "name" | "exchange" | "exchangeType" | "routingKey" | "concurrency" | "prefetch"
> {
  /** The key of a call without `shardKey`. Default: none; the shards take turns. `round-robin` has no keys at all. */
  readonly shardBy?: ShardBy;
  /** The former, higher number of shards: workers also consume those, as long as they exist. */
  readonly formerShards?: number;
  /** Slots of a worker reserved for all shards together. Default: they share the unreserved slots. */
  readonly concurrency?: number;
  /**
   * Prefetch count of a worker for all shards together, an equal part for each, at least one. Default: the number of
   * slots.
   */
  readonly prefetch?: number;
}

/** One queue of tasks, sharded over several queues of the broker. Created by `shardedQueue`. */
export interface ShardedQueue extends ShardedQueueOptions {
  /** Distinguishes a sharded queue from the options of a queue. */
  readonly kind: "sharded-queue";
  /** The name that tasks are sent to. Its shards are `<name>.shard-0` and so on. */
  readonly name: string;
  /** Number of shards. */
  readonly shards: number;
}

/** The same, complete and checked. */
export interface Shards {
  readonly name: string;
  /** Number of shards that tasks are sent to. */
  readonly count: number;
  readonly shardBy: ShardBy | null;
  /** The queue of each shard, former ones last. */
  readonly queues: readonly ResolvedQueue[];
}

/** Each shard is a queue with a consumer in every worker. */
const mostShards = 1_024;

const { exchange: _exchange, exchangeType: _type, routingKey: _key, ...shardShapes } = queueShapes;

/** The shapes of a number of shards, and of the rule that chooses among them. */
export const shardsShape: Shape = integer(1, mostShards);
export const shardByShape: Shape = either(functions, oneOf("round-robin"));

/** The shape of a sharded queue. */
export const shardedShape: Shape = props<ShardedQueue>({
  ...shardShapes,
  "kind*": oneOf("sharded-queue"),
  "shards*": shardsShape,
  shardBy: shardByShape,
  formerShards: shardsShape,
});

/**
 * Shards a queue of tasks over several queues of the broker, for a higher throughput than one queue has: a queue is one
 * process in RabbitMQ. Give the same value to the client and to the worker, in `queues`.
 *
 * @param name - the name that tasks are sent to; the shards are `<name>.shard-0`, `<name>.shard-1`, …
 * @param shards - number of shards, 1 to 1024
 * @example
 * ```ts
 * const images = shardedQueue("images", 4, { type: "quorum" });
 * const client = createClient({ queues: [images], routes: { "images.*": "images" } });
 * const worker = createWorker({ queues: [images], tasks });
 * ```
 * @throws CeleryError `option-invalid`
 */
export function shardedQueue(name: string, shards: number, options: ShardedQueueOptions = {}): ShardedQueue {
  const queue: ShardedQueue = Object.freeze({ ...options, kind: "sharded-queue", name, shards });
  checkOptions(shardedShape, queue, "the sharded queue");
  resolveShards(queue);
  return queue;
}

/** Whether the value was created by `shardedQueue`. */
export function isShardedQueue(queue: unknown): queue is ShardedQueue {
  return typeof queue === "object" && queue !== null && Reflect.get(queue, "kind") === "sharded-queue";
}

/**
 * Completes a sharded queue that has its shape.
 *
 * @throws CeleryError `option-invalid` for fewer former shards than there are now
 */
export function resolveShards(queue: ShardedQueue): Shards {
  const { kind: _, shards, shardBy, formerShards = shards, ...options } = queue;
  const { name } = options;
  if (formerShards < shards) {
    const remedy = `Give an integer from ${shards}, the shards there are now, to ${mostShards}`;
    throw invalidOption(`queue "${name}"`, "formerShards", formerShards, remedy);
  }
  const queues = Array.from({ length: formerShards }, (_each, shard) => {
    const place = { queue: name, count: shards, isFormer: shard >= shards };
    return { ...resolveQueue({ ...options, name: shardName(name, shard) }), place };
  });
  return { name, count: shards, shardBy: shardBy ?? null, queues };
}

/** Selects shards for calls: by their key, else in turn, starting at a random shard of each queue. */
export class ShardSelector {
  readonly #random: () => number;
  readonly #turns = new Map<string, number>();

  /** @param random - from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * The shard of a call.
   *
   * @param shardKey - of the call @throws CeleryError `option-invalid` where `shardBy` returns an invalid key
   */
  shard(
    shards: Pick<Shards, "name" | "count" | "shardBy">,
    shardKey: string | undefined,
    call: () => ShardedCall,
  ): number {
    const key = keyOf(shards, shardKey, call);
    return key === null ? this.#next(shards) : shardOf(key, shards.count);
  }

  #next({ name, count }: Pick<Shards, "name" | "count">): number {
    const turn = this.#turns.get(name) ?? Math.floor(this.#random() * count);
    this.#turns.set(name, (turn + 1) % count);
    return turn % count;
  }
}

function keyOf(
  { name, shardBy }: Pick<Shards, "name" | "shardBy">,
  shardKey: string | undefined,
  callOf: () => ShardedCall,
): string | null {
  if (shardBy === "round-robin") return null;
  if (shardKey !== undefined || shardBy === null) return shardKey ?? null;
  const call = callOf();
  const key: unknown = shardBy(call);
  refusePromise(key, `Call of "${call.task}": shardBy of queue "${name}"`);
  if (key === undefined || key === null || typeof key === "string") return key ?? null;
  throw invalidOption(`queue "${name}"`, `shardBy("${call.task}")`, key, "Return a string, or null");
}
