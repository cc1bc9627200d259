import type { Logger } from "../../ports/logger.ts";
import { isWritten, type LogLevel } from "./log-lines.ts";
import { shortened } from "../rules/bounds.ts";
import { describeForLog } from "../rules/failure.ts";
import type { TaskEvent } from "../rules/event.ts";

const levels = {
  taskReceived: "debug",
  taskStarted: "debug",
  taskSucceeded: "info",
  taskFailed: "error",
  taskRetried: "info",
  taskRevoked: "info",
  taskRejected: "warn",
  taskCancelled: "warn",
  taskIgnored: "info",
  deadLettered: "error",
} as const satisfies Record<TaskEvent["type"], LogLevel>;

/** One line for each event of a task, with its name and id, never with arguments or results. */
export function createTaskLog(log: Logger, least: LogLevel): (event: TaskEvent) => void {
  return (event) => {
    if (isWritten(levels[event.type], least)) writeLine(log, event);
  };
}

/** Characters of a traceback in the log; the stored result has more. */
const longestTraceback = 8_000;

function writeLine(log: Logger, event: TaskEvent): void {
  switch (event.type) {
    case "taskReceived":
      return log.debug("task received", about(event));
    case "taskStarted":
      return log.debug("task started", about(event));
    case "taskSucceeded":
      return log.info("task succeeded", { ...about(event), ms: Math.round(event.runtimeMs) });
    case "taskFailed": {
      const { traceback: whole, withoutValues } = event.failure;
      const isShown = whole !== null && withoutValues === undefined;
      const traceback = isShown ? shortened(whole, longestTraceback) : null;
      return log.error("task failed", { ...about(event), error: describeForLog(event.failure), traceback });
    }
    case "taskRetried": {
      const error = event.failure === null ? {} : { error: describeForLog(event.failure) };
      return log.info("task will run again", { ...about(event), inSeconds: event.delayMs / 1000, ...error });
    }
    case "taskRevoked":
      return log.info(`task ${event.reason}`, about(event));
    case "taskRejected":
      return log.warn("task rejected", { ...about(event), requeue: event.requeue });
    case "taskCancelled":
      return log.warn("task cut short, as the worker stops", { ...about(event), requeue: event.requeue });
    case "taskIgnored":
      return log.info("task ignored", about(event));
    case "deadLettered": {
      const { id, name, queue, reason, error } = event;
      return log.error("message put into the dead queue", { task: name, id, queue, reason, error });
    }
  }
}

function about({ task }: Extract<TaskEvent, { readonly task: unknown }>): {
  readonly task: string;
  readonly id: string;
} {
  return { task: task.shadow ?? task.task, id: task.id };
}
