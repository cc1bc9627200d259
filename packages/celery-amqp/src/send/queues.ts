import { taskQueue, type QueueTopology, type TaskQueueOptions } from "@leveret/celery-protocol/routing";
import { either, flag, integer, object, oneOf, props, type Shape, type Shapes } from "@leveret/options";
import { invalidOption } from "../ports/options.ts";
import type { DeclareMode } from "../ports/transport.ts";
import { name } from "../task/call-shape.ts";

/**
 * How queues are declared: as Celery does (`active`), by a passive declare that only checks for existence (`passive`),
 * or not at all (`off`).
 */
export type DeclarePolicy = DeclareMode | "off";

/** Options of a queue, the same for clients that send to it and workers that consume it. */
export interface QueueOptions {
  /** Name of the queue. */
  readonly name: string;
  /**
   * Type of queue to declare. Default: none, as Celery declares; the broker's default type applies, and an existing
   * queue of any type is used. With a type, an existing queue of another type is an error.
   */
  readonly type?: "classic" | "quorum";
  /**
   * Highest priority, 1 to 255, of a classic queue. Default: no priorities. Not for quorum queues (RabbitMQ 4 gives
   * them two priorities).
   */
  readonly maxPriority?: number;
  /**
   * Only one consumer at a time gets messages, the next one after its end (`x-single-active-consumer`). Default false.
   */
  readonly singleActiveConsumer?: boolean;
  /** Exchange that the queue is bound to. Default: the queue's name. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: "direct" | "topic" | "fanout";
  /** Key of the binding. Default: the queue's name. */
  readonly routingKey?: string;
  /** Further `x-…` arguments of the declaration; they take precedence over those of the options above. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Default: the client's `declare`; a worker's is `active`. */
  readonly declare?: DeclarePolicy;
  /**
   * Slots reserved for this queue, out of the worker's `concurrency`: its tasks never use more, and tasks of other
   * queues never use these. Default: shares the unreserved slots. Ignored by clients.
   */
  readonly concurrency?: number;
  /**
   * Prefetch count: unsettled messages of a worker. Default: the number of slots that its tasks may use. Ignored by
   * clients.
   */
  readonly prefetch?: number;
  /**
   * Consumer priority (`x-priority`): the broker delivers to the highest first, within its prefetch. Default 0. Ignored
   * by clients.
   */
  readonly consumerPriority?: number;
}

/** How a worker consumes a queue. */
export interface Consuming {
  /** Reserved slots; null where it shares. */
  readonly concurrency: number | null;
  /** Prefetch count; null is the number of slots. For a sharded queue: of all its shards together. */
  readonly prefetch: number | null;
  readonly consumerPriority: number | null;
  readonly isSingleActive: boolean;
}

/** A queue ready to be declared. */
export interface ResolvedQueue {
  readonly name: string;
  readonly declaration: TaskQueueOptions;
  readonly topology: QueueTopology;
  /** The user specified arguments or an exchange, so an existing queue with others is an error. */
  readonly isSpecified: boolean;
  /** Null: the policy of the client or worker. */
  readonly declare: DeclarePolicy | null;
  readonly consuming: Consuming;
  /** Null: not a shard. */
  readonly place: ShardPlace | null;
}

/** The position of a queue in a sharded queue. */
export interface ShardPlace {
  /** Name of the sharded queue. */
  readonly queue: string;
  /** Number of current shards. */
  readonly count: number;
  /** A former shard is consumed until it is empty, and gets no messages. */
  readonly isFormer: boolean;
}

/** AMQP carries names as short strings (AMQP 0-9-1, 4.2.5.3); `.dead` is added for the dead queue. */
const queueName = name(250);
const count = integer(1, 65_535);

/** The shape of each option of a queue. */
export const queueShapes: Shapes<QueueOptions> = {
  "name*": queueName,
  type: oneOf("classic", "quorum"),
  maxPriority: integer(1, 255),
  singleActiveConsumer: flag,
  exchange: queueName,
  exchangeType: oneOf("direct", "topic", "fanout"),
  routingKey: either(queueName, oneOf("")),
  arguments: object,
  declare: oneOf("active", "passive", "off"),
  concurrency: count,
  prefetch: count,
  consumerPriority: integer(-2_147_483_648, 2_147_483_647),
};

/** The shape of a queue: its name, or its options. */
export const queueShape: Shape = either(props<QueueOptions>(queueShapes), queueName);

/**
 * Completes a queue that has its shape.
 *
 * @throws CeleryError `option-invalid` for a quorum queue with priorities
 */
export function resolveQueue(queue: string | QueueOptions): ResolvedQueue {
  const options: QueueOptions = typeof queue === "string" ? { name: queue } : queue;
  const { type, maxPriority, exchange, exchangeType, routingKey, declare = null } = options;
  if (type === "quorum" && maxPriority !== undefined) {
    const remedy = "Leave it out for a quorum queue, or declare a classic queue";
    throw invalidOption(`queue "${options.name}"`, "maxPriority", maxPriority, remedy);
  }
  const table = argumentsOf(options);
  const queueType = type === "quorum" ? type : undefined;
  const declaration = { queueType, maxPriority, exchange, exchangeType, routingKey, arguments: table };
  const isSpecified = [queueType, maxPriority, exchange, exchangeType, routingKey, table].some(
    (said) => said !== undefined,
  );
  return {
    name: options.name,
    declaration,
    topology: taskQueue(options.name, declaration),
    isSpecified,
    declare,
    consuming: consumingOf(options),
    place: null,
  };
}

/** An explicit `classic` is declared: RabbitMQ treats it as equal to no type, for any default type of the vhost. */
function argumentsOf(options: QueueOptions): Readonly<Record<string, unknown>> | undefined {
  const { type, singleActiveConsumer, arguments: table } = options;
  if (type !== "classic" && singleActiveConsumer !== true) return table;
  return {
    ...(type === "classic" && { "x-queue-type": "classic" }),
    ...(singleActiveConsumer === true && { "x-single-active-consumer": true }),
    ...table,
  };
}

function consumingOf({ concurrency, prefetch, consumerPriority, ...options }: QueueOptions): Consuming {
  const isSingleActive =
    options.singleActiveConsumer === true || options.arguments?.["x-single-active-consumer"] === true;
  return {
    concurrency: concurrency ?? null,
    prefetch: prefetch ?? null,
    consumerPriority: consumerPriority ?? null,
    isSingleActive,
  };
}
