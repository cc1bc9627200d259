import type { ResultMeta, Tree } from "@leveret/celery-protocol";
import { shortened } from "./bounds.ts";
import type { Failure } from "./failure.ts";

const bare = { traceback: null, children: [], dateDone: null, extra: {} } as const;

/** The task returned `result` and sent `children`. */
export function successMeta(taskId: string, result: Tree, children: readonly Tree[]): ResultMeta {
  return { ...bare, taskId, status: "SUCCESS", result, children };
}

export function failureMeta(taskId: string, failure: Failure, children: readonly Tree[]): ResultMeta {
  const { exception, traceback } = failure;
  return { ...bare, taskId, status: "FAILURE", exception, traceback, children };
}

/** Without an error of its own the task's RETRY result is null; the traceback is always there. */
export function retryMeta(
  taskId: string,
  cause: Failure | null,
  traceback: string | null,
  children: readonly Tree[],
): ResultMeta {
  return { ...bare, taskId, status: "RETRY", exception: cause?.exception ?? null, traceback, children };
}

export function revokedMeta(taskId: string, failure: Failure): ResultMeta {
  return { ...bare, taskId, status: "REVOKED", exception: failure.exception };
}

/**
 * A small replacement of a state that is too large to be stored or cannot be encoded; null for a state without an error.
 * The exception keeps its name, and its message has the reason.
 */
export function unstorable(meta: ResultMeta, reason: string): ResultMeta | null {
  if (meta.status !== "FAILURE" && meta.status !== "RETRY") return null;
  const { taskId, status, exception } = meta;
  if (exception === null) return { ...bare, taskId, status: "RETRY", exception: null };
  const [first] = exception.args;
  const message = typeof first === "string" ? `${shortened(first, smallText)} ` : "";
  const args = [`${message}(The whole error could not be stored: ${shortened(reason, smallText)})`];
  return { ...bare, taskId, status, exception: { ...exception, args } };
}

/** Characters of each part of a small state. */
const smallText = 1_000;

/** The worker that runs it, in Celery's form. */
export function startedMeta(taskId: string, pid: number, hostname: string): ResultMeta {
  return { ...bare, taskId, status: "STARTED", result: { pid, hostname } };
}

/** A state of the task's own making. */
export function customMeta(taskId: string, state: string, result: Tree): ResultMeta {
  return { ...bare, taskId, status: "OTHER", state, result };
}

/** The reference of a result to another, `[[id, parent], children]`, without both: celery/result.py `as_tuple`. */
export function resultTuple(id: string): Tree {
  return [[id, null], null];
}
