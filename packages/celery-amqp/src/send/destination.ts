import type { Address, TaskQueueOptions } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { CallOptions } from "../task/call-options.ts";

/** Queues that are declared otherwise than Celery's default (durable, no arguments), by name. */
export type QueueTable = Readonly<Record<string, TaskQueueOptions>>;

/** Where a message goes, and the queue to be declared before it goes there. */
export interface Destination {
  readonly to: Address;
  /** Null where the call names an exchange: then nothing is declared, as in Celery. */
  readonly queue: string | null;
}

/**
 * Where the message of a call goes: a named exchange as it is named, a queue through the default exchange, a queue that
 * is bound to an exchange other than direct through that one. Source: celery/app/amqp.py `send_task_message`.
 *
 * @throws CeleryError `option-invalid` for a routing key that would have no effect
 */
export function destinationOf(options: CallOptions, queues: QueueTable, defaultQueue: string): Destination {
  const queue = options.queue ?? defaultQueue;
  const { exchange, routingKey } = options;
  if (exchange !== undefined) return { to: { exchange, routingKey: routingKey ?? queue }, queue: null };
  const known = Object.hasOwn(queues, queue) ? queues[queue] : undefined;
  if (known?.exchangeType === undefined || known.exchangeType === "direct") {
    if (routingKey === undefined) return { to: { exchange: "", routingKey: queue }, queue };
    throw new CeleryError(
      "option-invalid",
      `routingKey "${routingKey}" has no effect on queue "${queue}": name the exchange too, or leave it out`,
    );
  }
  return { to: { exchange: known.exchange ?? queue, routingKey: routingKey ?? known.routingKey ?? queue }, queue };
}
