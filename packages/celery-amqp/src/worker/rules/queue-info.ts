import type { ActiveQueue } from "@leveret/celery-protocol/control";
import type { QueueTopology } from "@leveret/celery-protocol/routing";

/** A queue as inspections show it. Source: kombu/entity.py `Queue.as_dict(recurse=True)`; recorded replies. */
export function queueInfo({ exchanges, queues, bindings }: QueueTopology): ActiveQueue | null {
  const [queue] = queues;
  const [exchange] = exchanges;
  const [binding] = bindings;
  if (queue === undefined) return null;
  return {
    name: queue.name,
    exchange: {
      name: exchange?.name ?? "",
      type: exchange?.type ?? "direct",
      arguments: table(exchange?.arguments),
      durable: exchange?.durable ?? true,
      passive: false,
      auto_delete: exchange?.autoDelete ?? false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: binding?.routingKey ?? queue.name,
    queue_arguments: table(queue.arguments),
    binding_arguments: table(binding?.arguments),
    consumer_arguments: null,
    durable: queue.durable,
    exclusive: queue.exclusive,
    auto_delete: queue.autoDelete,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
}

function table(value: Readonly<Record<string, unknown>> | undefined): ActiveQueue["queue_arguments"] {
  return value === undefined || Object.keys(value).length === 0 ? null : (value as ActiveQueue["queue_arguments"]);
}
