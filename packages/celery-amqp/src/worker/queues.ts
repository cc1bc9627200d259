import { taskQueue, type QueueTopology, type TaskQueueOptions } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";

/** A queue to serve, where its name does not say enough. */
export interface QueueOptions {
  readonly name: string;
  /**
   * Kind of queue to declare. Default: none is named, which is what Celery declares; the broker's default type counts, and
   * a queue that exists is taken as it is. Naming one makes a queue of another kind an error.
   */
  readonly type?: "classic" | "quorum";
  /** Highest priority, 1 to 255. Default: no priorities. */
  readonly maxPriority?: number;
  /** Exchange the queue is bound to. Default: one of the queue's own name. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: "direct" | "topic" | "fanout";
  /** Key of the binding. Default: the queue's name. */
  readonly routingKey?: string;
  /** Further `x-…` arguments of the declaration. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** A queue ready to be declared. */
export interface ResolvedQueue {
  readonly name: string;
  readonly declaration: TaskQueueOptions;
  readonly topology: QueueTopology;
  /** The user asked for arguments, so a queue with others is an error. */
  readonly isTyped: boolean;
}

/**
 * @throws CeleryError `option-invalid`
 */
export function resolveQueues(queues: readonly (string | QueueOptions)[]): readonly ResolvedQueue[] {
  if (!Array.isArray(queues) || queues.length === 0) refuse(queues, "a list with at least one queue");
  const resolved = queues.map((queue) => resolveQueue(typeof queue === "string" ? { name: queue } : queue));
  const names = new Set(resolved.map((queue) => queue.name));
  if (names.size < resolved.length) refuse(queues, "a list that names each queue once");
  return resolved;
}

function resolveQueue(options: QueueOptions): ResolvedQueue {
  const { name, type, maxPriority, exchange, exchangeType, routingKey, arguments: table } = options ?? {};
  if (typeof name !== "string" || name === "") refuse(options, "a queue name or an object with a name");
  if (type !== undefined && type !== "classic" && type !== "quorum") refuse(type, '"classic" or "quorum" for type');
  if (maxPriority !== undefined && !(Number.isInteger(maxPriority) && maxPriority >= 1 && maxPriority <= 255)) {
    refuse(maxPriority, "a whole number from 1 to 255 for maxPriority");
  }
  const declaration = { queueType: type, maxPriority, exchange, exchangeType, routingKey, arguments: table };
  const isTyped = type !== undefined || maxPriority !== undefined || table !== undefined;
  return { name, declaration, topology: taskQueue(name, declaration), isTyped };
}

function refuse(value: unknown, wanted: string): never {
  throw new CeleryError("option-invalid", `queues: ${JSON.stringify(value) ?? typeof value} must be ${wanted}`);
}
