import type { ProtocolError, TaskMessage, WireException } from "@leveret/celery-protocol";
import { kwargsRepr, argsRepr } from "@leveret/celery-protocol/tasks";

import { shortened } from "./bounds.ts";

/** Why a run failed, in the form that is stored. */
export interface Failure {
  /** The exception as it is stored. */
  readonly exception: WireException;
  /** Text of the JavaScript stack, or null where there is none to show. */
  readonly traceback: string | null;
  /** What was thrown, where it was thrown in this process. */
  readonly error?: unknown;
  /** The failure for logs, where message or traceback hold values of the task. */
  readonly withoutValues?: string;
}

function pythonFailure(module: string, type: string, ...args: WireException["args"]): Failure {
  return { exception: { module, type, args }, traceback: null };
}

/** The retries are used up and the task named no error of its own. Source: celery/app/task.py `Task.retry`. */
export function maxRetriesExceeded(task: TaskMessage, traceback: string | null): Failure {
  const args = task.argsRepr ?? argsRepr(task.args);
  const kwargs = task.kwargsRepr ?? kwargsRepr(task.kwargs);
  const message = `Can't retry ${task.task}[${task.id}] args:${args} kwargs:${kwargs}`;
  const withoutValues = "MaxRetriesExceededError: the attempts are used up";
  return { ...pythonFailure("celery.exceptions", "MaxRetriesExceededError", message), traceback, withoutValues };
}

/** Celery stores the limit itself, in seconds, as the only argument. */
export function timeLimitExceeded(limitSeconds: number): Failure {
  return pythonFailure("billiard.exceptions", "TimeLimitExceeded", limitSeconds);
}

export function workerLost(reason: string): Failure {
  return pythonFailure("billiard.exceptions", "WorkerLostError", reason);
}

/** Its workers died or gave it back, time and again. */
export function redeliveredTooOften(runs: number): Failure {
  return workerLost(`No run of the message has ended: ${runs} have begun`);
}

/** Expired, revoked or terminated before it came to an end. */
export function taskRevoked(reason: "expired" | "revoked" | "terminated"): Failure {
  return pythonFailure("celery.exceptions", "TaskRevokedError", reason);
}

/** A part of a chord that will never have a result, by the exception that ends such a task in Celery. */
export function ignored(): Failure {
  return pythonFailure("celery.exceptions", "Ignore", "The task was ignored: it has no result to bring to its chord");
}

/** The task gave its message back for good. Its arguments are those of Celery's `Reject(reason, requeue)`. */
export function rejected(reason: string | null): Failure {
  return pythonFailure("celery.exceptions", "Reject", reason, false);
}

export function notRegistered(name: string): Failure {
  return pythonFailure("celery.exceptions", "NotRegistered", name);
}

/** The error for the caller of an unreadable message, with kombu's names. */
export function unreadable(error: ProtocolError): Failure {
  const refused = error.code === "content-refused" || error.code === "pickle-refused";
  return { ...pythonFailure("kombu.exceptions", refused ? "ContentDisallowed" : "DecodeError", error.message), error };
}

/** A task cannot be replaced by what it gave. Source: celery/app/task.py `Task.replace`. */
export function unreplaceable(error: Error): Failure {
  return {
    ...pythonFailure("celery.exceptions", "ImproperlyConfigured", error.message),
    traceback: stackOf(error),
    error,
  };
}

/** The broker or the result backend refuses for good to take what follows from a task. */
export function refusedFollowUp(error: Error): Failure {
  return {
    ...pythonFailure("celery.exceptions", "BackendError", error.message),
    traceback: stackOf(error),
    error,
  };
}

/** A result, or a message that follows from it, cannot be written. */
export function unwritable(error: Error): Failure {
  return {
    ...pythonFailure("kombu.exceptions", "EncodeError", error.message),
    traceback: stackOf(error),
    error,
  };
}

/** An `Error.prepareStackTrace` of the program may make anything of a stack, or throw. */
export function stackOf(error: Error): string | null {
  try {
    return typeof error.stack === "string" ? error.stack : null;
  } catch {
    return null;
  }
}

/** One line for headers, at most about 1 000 characters: `ValueError: boom`. */
export function describeFailure(failure: Failure): string {
  const [first] = failure.exception.args;
  const message = typeof first === "string" || typeof first === "number" ? `: ${first}` : "";
  return shortened(`${failure.exception.type}${message}`, longestLine);
}

/** The same for logs, which hold no arguments and no results. */
export function describeForLog(failure: Failure): string {
  return failure.withoutValues ?? describeFailure(failure);
}

const longestLine = 1_000;
