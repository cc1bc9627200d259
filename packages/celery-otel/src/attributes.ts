import type { Interceptor, SendTarget } from "@leveret/celery-amqp";
import type { Attributes } from "@opentelemetry/api";

/** The task that an interceptor gets. */
export type Task = Parameters<NonNullable<Interceptor["send"]>>[0];

// Names of the semantic conventions for messaging and RabbitMQ, 1.45, and of Python's instrumentation of Celery (`celery.…`).

/** The attributes of a task that is sent. */
export function sendAttributes(task: Task, target: SendTarget | null): Attributes {
  return {
    ...taskAttributes(task),
    "celery.action": "apply_async",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
    ...(target !== null && destination(target.to.exchange, target.to.routingKey)),
    ...(target?.queue && { "celery.queue": target.queue }),
  };
}

/** The attributes of a task that runs. */
export function runAttributes(task: Task): Attributes {
  const { deliveryInfo } = task;
  return {
    ...taskAttributes(task),
    "celery.action": "run",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    ...(deliveryInfo !== null && destination(deliveryInfo.exchange, deliveryInfo.routingKey)),
    ...(task.origin !== null && { "celery.hostname": task.origin }),
  };
}

function taskAttributes(task: Task): Attributes {
  return {
    "messaging.system": "rabbitmq",
    "messaging.message.id": task.id,
    "celery.task_name": task.task,
    ...(task.correlationId !== null && { "messaging.message.conversation_id": task.correlationId }),
    ...(task.retries > 0 && { "celery.retries": task.retries }),
    ...(task.eta !== null && { "celery.eta": task.eta.text }),
  };
}

/** The default exchange has no name, and routes a message to the queue of its routing key. */
function destination(exchange: string, routingKey: string): Attributes {
  return {
    "messaging.destination.name": exchange === "" ? routingKey : `${exchange}:${routingKey}`,
    "rabbitmq.destination.routing_key": routingKey,
  };
}
