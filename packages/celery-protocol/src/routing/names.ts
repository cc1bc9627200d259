import type { HeaderTable } from "../wire/message.ts";
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, QueueTopology } from "./topology.ts";
import { lifetimeMs } from "../time/lifetime.ts";

/** Options of a task queue, as Celery has them. Absent fields are what an unconfigured Celery declares. */
export interface TaskQueueOptions {
  /** Exchange that the queue is bound to. Default: the queue's name. */
  readonly exchange?: string | undefined;
  /** Default `direct`. */
  readonly exchangeType?: ExchangeDeclaration["type"] | undefined;
  /** Key of the binding. Default: the queue's name. */
  readonly routingKey?: string | undefined;
  /** `quorum` adds `x-queue-type: quorum`; `classic`, the default, adds nothing, as in Celery. */
  readonly queueType?: "classic" | "quorum" | undefined;
  /** Highest priority of a priority queue, 1 to 255; adds `x-max-priority`. Default: no priorities. */
  readonly maxPriority?: number | undefined;
  /** Further `x-…` arguments; they override the ones above. */
  readonly arguments?: HeaderTable | undefined;
}

/**
 * A task queue with its exchange and binding: `taskQueue("celery")` is exactly what Celery declares by default, durable
 * and without any arguments. Other arguments for an existing queue fail with 406 PRECONDITION_FAILED. Source:
 * celery/app/amqp.py `Queues`; kombu/entity.py; recorded declarations.
 */
export function taskQueue(name: string, options: TaskQueueOptions = {}): QueueTopology {
  const exchange = exchangeOf(options.exchange ?? name, options.exchangeType ?? "direct");
  return bound(exchange, { ...durable, name, ...argumentsOf(options) }, options.routingKey ?? name);
}

function argumentsOf(options: TaskQueueOptions): Pick<QueueDeclaration, "arguments"> {
  const table: Record<string, unknown> = {};
  if (options.queueType === "quorum") table["x-queue-type"] = "quorum";
  if (options.maxPriority !== undefined) table["x-max-priority"] = options.maxPriority;
  Object.assign(table, options.arguments);
  return Object.keys(table).length === 0 ? {} : { arguments: table };
}

/**
 * The queue of a client's rpc results, on the default exchange. The client chooses a unique name, which is the
 * `reply_to` of its tasks. Source: celery/backends/rpc.py; recorded declarations.
 *
 * @param expiresMs - how long an unused queue lives, Celery's `result_expires`. Default 86 400 000 (a day).
 */
export function rpcReplyQueue(name: string, expiresMs = 86_400_000): QueueTopology {
  return unbound({ ...transient, name, arguments: { "x-expires": expiresMs } });
}

/**
 * The queue of one task's result, as gocelery and celery.node use it: the task id without dashes. Both sides declare
 * it; it is deleted with its last consumer, or after a day without use. Source: gocelery's amqp_backend.go; RabbitMQ
 * accepts only equal arguments.
 */
export function perTaskResultQueue(taskId: string): QueueTopology {
  return unbound({
    ...durable,
    autoDelete: true,
    name: taskId.replaceAll("-", ""),
    arguments: { "x-expires": 86_400_000 },
  });
}

/** Fanout exchange of remote control requests; `namespace` is Celery's `control_exchange`. Source: kombu/pidbox.py. */
export function controlExchange(namespace = "celery"): ExchangeDeclaration {
  return exchangeOf(`${namespace}.pidbox`, "fanout", false);
}

/** Direct exchange of remote control replies. Requesters and repliers both declare it. Source: kombu/pidbox.py. */
export function controlReplyExchange(namespace = "celery"): ExchangeDeclaration {
  return exchangeOf(`reply.${namespace}.pidbox`, "direct", false);
}

/** The queue in which a worker receives control requests; consumed without acks. Source: kombu/pidbox.py `Mailbox.get_queue`. */
export function controlQueue(nodeName: string, namespace = "celery"): QueueTopology {
  return bound(controlExchange(namespace), { ...mailbox, name: `${nodeName}.${namespace}.pidbox` }, "");
}

/**
 * The queue in which a client collects control replies, bound by `id`, which requests name as their routing key.
 * Source: kombu/pidbox.py `Mailbox.get_reply_queue`.
 */
export function controlReplyQueue(id: string, namespace = "celery"): QueueTopology {
  return bound(controlReplyExchange(namespace), { ...mailbox, name: `${id}.reply.${namespace}.pidbox` }, id);
}

/** Topic exchange of all events. Durable, unlike those of remote control. Source: celery/events/event.py. */
export function eventExchange(name = "celeryev"): ExchangeDeclaration {
  return exchangeOf(name, "topic");
}

/** Options of an event receiver. */
export interface EventQueueOptions {
  /** Topic pattern of the events. Default `#`, all; workers that gossip use `worker.#`. */
  readonly pattern?: string | undefined;
  /** Celery's `event_queue_prefix`. Default `celeryev`. */
  readonly prefix?: string | undefined;
  /** Celery's `event_exchange`. Default `celeryev`. */
  readonly exchange?: string | undefined;
}

/** The queue of one event receiver; `id` makes it unique. Source: celery/events/receiver.py `EventReceiver`. */
export function eventQueue(id: string, options: EventQueueOptions = {}): QueueTopology {
  const limits = { "x-expires": 60_000, "x-message-ttl": 5_000 };
  const queue = { ...transient, name: `${options.prefix ?? "celeryev"}.${id}`, arguments: limits };
  return bound(eventExchange(options.exchange), queue, options.pattern ?? "#");
}

/** The queue for tasks of one named worker (`worker_direct`). Source: celery/utils/nodenames.py `worker_direct`. */
export function workerDirectQueue(nodeName: string): QueueTopology {
  return bound(exchangeOf("C.dq2", "direct"), { ...durable, name: `${nodeName}.dq2` }, nodeName);
}

/**
 * A worker's own queue on a broadcast exchange: every worker gets every message. Publishers declare nothing.
 * Source: kombu/common.py `Broadcast`.
 *
 * @param id - makes the queue unique among workers.
 */
export function broadcastQueue(name: string, id: string, routingKey = "celery"): QueueTopology {
  return bound(exchangeOf(name, "fanout"), { ...durable, autoDelete: true, name: `bcast.${id}` }, routingKey);
}

/** Limits of a dead queue: beyond either one the oldest messages are dropped. */
export interface DeadQueueOptions {
  /** How long a message is kept, in milliseconds. Default 1 209 600 000 (14 days). */
  readonly maxAgeMs?: number | undefined;
  /** Most messages. Default 100 000. */
  readonly maxLength?: number | undefined;
}

/**
 * The queue of a worker's dead letters, which are unchanged: `<queue>.dead`, on the default exchange. Only leveret
 * declares it, so it may have arguments: a quorum queue, bounded by age and by length.
 */
export function deadQueue(queue: string, options: DeadQueueOptions = {}): QueueTopology {
  const bounds = {
    "x-queue-type": "quorum",
    "x-message-ttl": lifetimeMs(options.maxAgeMs ?? 1_209_600_000),
    "x-max-length": options.maxLength ?? 100_000,
  };
  return unbound({ ...durable, name: `${queue}.dead`, arguments: bounds });
}

const durable = { durable: true, autoDelete: false, exclusive: false } as const;
const transient = { durable: false, autoDelete: true, exclusive: false } as const;
const mailbox = { ...transient, arguments: { "x-expires": 10_000, "x-message-ttl": 300_000 } } as const;

function exchangeOf(name: string, type: ExchangeDeclaration["type"], isDurable = true): ExchangeDeclaration {
  return { name, type, durable: isDurable, autoDelete: false };
}

function bound(exchange: ExchangeDeclaration, queue: QueueDeclaration, routingKey: string): QueueTopology {
  const binding: BindingDeclaration = {
    source: exchange.name,
    destination: queue.name,
    destinationType: "queue",
    routingKey,
  };
  return { queue: queue.name, exchanges: [exchange], queues: [queue], bindings: [binding] };
}

function unbound(queue: QueueDeclaration): QueueTopology {
  return { queue: queue.name, exchanges: [], queues: [queue], bindings: [] };
}
