import { taskQueue, type QueueTopology, type TaskQueueOptions } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { DeclareMode } from "../ports/transport.ts";

/**
 * How queues are declared: as Celery does (`active`), by a passive declare that only checks for existence (`passive`),
 * or not at all (`off`).
 */
export type DeclarePolicy = DeclareMode | "off";

/** Options of a queue, the same for clients that send to it and workers that consume it. */
export interface QueueOptions {
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

interface Check {
  readonly passes: (value: unknown) => boolean;
  readonly wanted: string;
}

/** AMQP carries names as short strings (AMQP 0-9-1, 4.2.5.3); `.dead` is added for the dead queue. */
const maxNameBytes = 250;

const text: Check = {
  passes: (value) => typeof value === "string" && value !== "" && Buffer.byteLength(value) <= maxNameBytes,
  wanted: `a string of 1 to ${maxNameBytes} bytes`,
};
const count: Check = { passes: (value) => isWhole(value, 1, 65_535), wanted: "an integer from 1 to 65535" };
const flag: Check = { passes: (value) => typeof value === "boolean", wanted: "true or false" };

const checks: Readonly<Record<keyof QueueOptions, Check>> = {
  name: text,
  type: oneOf("classic", "quorum"),
  maxPriority: { passes: (value) => isWhole(value, 1, 255), wanted: "an integer from 1 to 255" },
  singleActiveConsumer: flag,
  exchange: text,
  exchangeType: oneOf("direct", "topic", "fanout"),
  routingKey: { passes: (value) => value === "" || text.passes(value), wanted: "a string" },
  arguments: { passes: isTable, wanted: "an object" },
  declare: oneOf("active", "passive", "off"),
  concurrency: count,
  prefetch: count,
  consumerPriority: {
    passes: (value) => isWhole(value, -2_147_483_648, 2_147_483_647),
    wanted: "an integer of 32 bits",
  },
};

/** Names of the options of a queue, for refusing misspelt ones. */
export const queueOptionNames: readonly string[] = Object.keys(checks);

/**
 * Checks the options of one queue, and completes them.
 *
 * @throws CeleryError `option-invalid`
 */
export function resolveQueue(queue: string | QueueOptions): ResolvedQueue {
  const options: QueueOptions = typeof queue === "string" ? { name: queue } : queue;
  checkQueueOptions(options, queueOptionNames);
  const { name, type, maxPriority, exchange, exchangeType, routingKey, declare = null } = options;
  const table = argumentsOf(options);
  const queueType = type === "quorum" ? type : undefined;
  const declaration = { queueType, maxPriority, exchange, exchangeType, routingKey, arguments: table };
  const isSpecified = [queueType, maxPriority, exchange, exchangeType, routingKey, table].some(
    (said) => said !== undefined,
  );
  return {
    name,
    declaration,
    topology: taskQueue(name, declaration),
    isSpecified,
    declare,
    consuming: consumingOf(options),
    place: null,
  };
}

/**
 * Refuses values other than queues, options of the wrong type, those not in `known`, and options that a quorum queue
 * cannot have.
 *
 * @throws CeleryError `option-invalid`
 */
export function checkQueueOptions(options: QueueOptions, known: readonly string[]): void {
  if (!isTable(options) || !text.passes(options.name))
    refuse(`queues: ${showValue(options)} must be a queue's name (${text.wanted}) or an object with a name`);
  const where = `queues: "${options.name}"`;
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) refuse(`${where}: there is no option "${option}"; there are ${known.join(", ")}`);
    const check = Object.hasOwn(checks, option) ? checks[option as keyof QueueOptions] : undefined;
    if (value !== undefined && check?.passes(value) === false)
      refuse(`${where}: ${option} is ${showValue(value)}: it must be ${check.wanted}`);
  }
  if (options.type === "quorum" && options.maxPriority !== undefined)
    refuse(`${where}: a quorum queue takes no maxPriority; leave it out, or take a classic queue`);
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

function oneOf(...allowed: readonly string[]): Check {
  const wanted = allowed.map((value) => `"${value}"`).join(" or ");
  return { passes: (value) => allowed.includes(value as string), wanted };
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}
