import type { TaskMessage } from "@leveret/celery-protocol";
import type { TaskEventBody } from "@leveret/celery-protocol/events";
import { argsRepr, kwargsRepr } from "@leveret/celery-protocol/tasks";
import type { Destination } from "./destination.ts";

/** The `task-sent` event of a task. Source: celery/app/amqp.py `AMQP.as_task_v2`, `send_task_message`. */
export function taskSent(task: TaskMessage, { to, queue }: Destination): TaskEventBody {
  return {
    type: "task-sent",
    uuid: task.id,
    rootId: task.rootId ?? task.id,
    parentId: task.parentId,
    name: task.task,
    args: task.argsRepr ?? argsRepr(task.args),
    kwargs: task.kwargsRepr ?? kwargsRepr(task.kwargs),
    retries: task.retries,
    eta: task.eta?.text ?? null,
    expires: task.expires?.text ?? null,
    queue: queue ?? undefined,
    exchange: to.exchange,
    routingKey: to.routingKey,
  };
}
