import { CeleryError } from "../ports/errors.ts";

/** What is known of a task's failure. */
export interface TaskFailure {
  /** Id of the task. */
  readonly taskId: string;
  /** Qualified name of the exception's class, as the worker's language has it: `ValueError`, `Outer.Inner`. */
  readonly excType: string;
  /** Python module of the class (`builtins`), null where the result has none. */
  readonly excModule: string | null;
  /** Constructor arguments of the exception. */
  readonly excArgs: readonly unknown[];
  /** Text of the traceback, in the worker's language. */
  readonly traceback: string | null;
}

/** The task ran and failed. `cause` is an error of the class registered for `excType`, if there is one. */
export class TaskFailedError extends CeleryError implements TaskFailure {
  /** Name of the class, for logs. */
  override readonly name = "TaskFailedError";
  /** Id of the task. */
  readonly taskId: string;
  /** Class of the exception. */
  readonly excType: string;
  /** Python module of the exception; null where there is none. */
  readonly excModule: string | null;
  /** Arguments of the exception. */
  readonly excArgs: readonly unknown[];
  /** The exception's arguments as one text. */
  readonly excMessage: string;
  /** Traceback as the worker stored it; null where there is none. */
  readonly traceback: string | null;

  constructor(failure: TaskFailure, options?: { readonly cause?: unknown }) {
    const excMessage = failure.excArgs.map(String).join(", ");
    super(
      "task-failed",
      `Task ${failure.taskId} failed with ${failure.excType}${excMessage && `: ${excMessage}`}`,
      options,
    );
    this.taskId = failure.taskId;
    this.excType = failure.excType;
    this.excModule = failure.excModule;
    this.excArgs = failure.excArgs;
    this.excMessage = excMessage;
    this.traceback = failure.traceback;
  }
}

/** The task was revoked, or expired before it ran. */
export class TaskRevokedError extends CeleryError {
  /** Name of the class, for logs. */
  override readonly name = "TaskRevokedError";
  /** Id of the task. */
  readonly taskId: string;
  /** Celery's word for it: `revoked`, `expired`, `terminated`. */
  readonly reason: string;

  constructor(taskId: string, reason: string) {
    super("task-revoked", `Task ${taskId} was not finished: ${reason}`);
    this.taskId = taskId;
    this.reason = reason;
  }
}

/** No final state came in time. The task may be waiting, running, or unknown to every worker. */
export class ResultTimeoutError extends CeleryError {
  /** Name of the class, for logs. */
  override readonly name = "ResultTimeoutError";
  /** Id of the task. */
  readonly taskId: string;
  /** How long the result was awaited, in milliseconds. */
  readonly timeoutMs: number;

  /** @param reason - a sentence on settings of workers that keep the result from this client */
  constructor(taskId: string, timeoutMs: number, reason: string | null = null) {
    super(
      "result-timeout",
      `No result came in time: task ${taskId} (${timeoutMs} ms). ${reason ?? "The task may still end. Wait again, or check whether a worker consumes its queue."}`,
    );
    this.taskId = taskId;
    this.timeoutMs = timeoutMs;
  }
}
