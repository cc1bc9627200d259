import { type Address, taskAddress, type TaskQueueOptions } from "@leveret/celery-protocol";
import type { CallOptions } from "../task/call-options.ts";

/** Queues that are declared otherwise than Celery's default (durable, no arguments), by name. */
export type QueueTable = Readonly<Record<string, TaskQueueOptions>>;

/** Where a message goes, and the queue to be declared before it goes there. */
export interface Destination {
  readonly to: Address;
  /** Null where the call names an exchange and no queue: then nothing is declared, as in Celery. */
  readonly queue: string | null;
}

/**
 * Where the message of a call goes, by the rules of the protocol's `taskAddress`, which are Celery's.
 * Source of the rest: celery/app/amqp.py `send_task_message`.
 */
export function destinationOf(options: CallOptions, queues: QueueTable, defaultQueue: string): Destination {
  const queue = options.queue ?? defaultQueue;
  const to = taskAddress(queue, Object.hasOwn(queues, queue) ? queues[queue] : {}, options);
  return { to, queue: options.exchange === undefined ? queue : (options.queue ?? null) };
}
