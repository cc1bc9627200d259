import type { TaskMessage } from "@leveret/celery-protocol";
import type { TaskEventBody } from "@leveret/celery-protocol/events";
import { describeException } from "@leveret/celery-protocol/results";
import { argsRepr, kwargsRepr, saferepr } from "@leveret/celery-protocol/tasks";
import type { TaskEvent } from "./event.ts";
import type { Failure } from "./failure.ts";

/** The signal that Celery ends a run by where a revoke names none: SIGTERM. */
const terminateSignum = 15;

/**
 * The event for Celery's monitors, with Celery's fields; null where Celery sends none. Source:
 * celery/worker/request.py, celery/worker/strategy.py, celery/worker/consumer/consumer.py.
 */
export function announce(event: TaskEvent): TaskEventBody | null {
  switch (event.type) {
    case "taskReceived":
      return received(event.task);
    case "taskStarted":
      return { type: "task-started", uuid: event.task.id };
    case "taskSucceeded": {
      const { task, result, runtimeMs } = event;
      return { type: "task-succeeded", uuid: task.id, result: saferepr(result), runtime: runtimeMs / 1_000 };
    }
    case "taskFailed":
      return failed(event.task, event.failure);
    case "taskRetried": {
      const { task, failure, traceback } = event;
      const exception = failure === null ? "None" : describeException(failure.exception);
      return { type: "task-retried", uuid: task.id, exception, traceback };
    }
    case "taskRevoked": {
      const { task, reason } = event;
      const terminated = reason === "terminated";
      const signum = terminated ? terminateSignum : null;
      return { type: "task-revoked", uuid: task.id, terminated, signum, expired: reason === "expired" };
    }
    case "taskRejected":
      return { type: "task-rejected", uuid: event.task.id, requeue: event.requeue };
    case "taskCancelled":
      return { type: "task-cancelled", uuid: event.task.id };
    case "taskIgnored":
    case "deadLettered":
      return null;
  }
}

function received(task: TaskMessage): TaskEventBody {
  return {
    type: "task-received",
    uuid: task.id,
    name: task.shadow ?? task.task,
    args: task.argsRepr ?? argsRepr(task.args),
    kwargs: task.kwargsRepr ?? kwargsRepr(task.kwargs),
    rootId: task.rootId,
    parentId: task.parentId,
    retries: task.retries,
    eta: task.eta?.text ?? null,
    expires: task.expires?.text ?? null,
  };
}

/** Of an unknown task there is no traceback. */
function failed({ id }: TaskMessage, { exception, traceback }: Failure): TaskEventBody {
  const body = { type: "task-failed", uuid: id, exception: describeException(exception) } as const;
  return exception.type === "NotRegistered" ? body : { ...body, traceback };
}
