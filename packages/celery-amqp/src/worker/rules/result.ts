import type { ResultMeta, Tree } from "@leveret/celery-protocol";
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

/** Who runs it, as Celery tells it. */
export function startedMeta(taskId: string, pid: number, hostname: string): ResultMeta {
  return { ...bare, taskId, status: "STARTED", result: { pid, hostname } };
}

/** A state of the task's own making. */
export function customMeta(taskId: string, state: string, result: Tree): ResultMeta {
  return { ...bare, taskId, status: "OTHER", state, result };
}

/** How a result names another: `[[id, parent], children]` with neither told (celery-wire 9.7). */
export function resultTuple(id: string): Tree {
  return [[id, null], null];
}
