import { type ResultMeta, toValue, type WireException } from "@leveret/celery-protocol";
import { TaskFailedError, TaskRevokedError } from "../task/errors.ts";

/**
 * Classes for the exceptions of tasks, by the exception's type (`OutOfStock`) or module and type
 * (`shop.errors.OutOfStock`). They are constructed with the exception's arguments and become the `cause` of the
 * TaskFailedError.
 */
export type ErrorClasses = Readonly<Record<string, new (...args: never[]) => Error>>;

/** A final state other than success. */
export type FailedMeta = Extract<ResultMeta, { readonly status: "FAILURE" | "REVOKED" }>;

/** The error of a task that failed. */
export function toFailedError(
  taskId: string,
  exception: WireException,
  traceback: string | null,
  classes: ErrorClasses,
): TaskFailedError {
  const excArgs = exception.args.map(toValue);
  const cause = rehydrate(exception, excArgs, classes);
  const failure = { taskId, excType: exception.type, excModule: exception.module, excArgs, traceback };
  return new TaskFailedError(failure, cause === null ? undefined : { cause });
}

/** The error of a task that was revoked. */
export function toRevokedError({ taskId, exception }: FailedMeta): TaskRevokedError {
  const [reason] = exception.args;
  return new TaskRevokedError(taskId, typeof reason === "string" ? reason : "revoked");
}

function rehydrate({ type, module }: WireException, args: readonly unknown[], classes: ErrorClasses): Error | null {
  const named = [`${module ?? ""}.${type}`, type].find((name) => Object.hasOwn(classes, name));
  const Class = named === undefined ? undefined : classes[named];
  if (Class === undefined) return null;
  try {
    return new Class(...(args as never[]));
  } catch {
    return null; // a class that refuses the arguments: the TaskFailedError has all details
  }
}
