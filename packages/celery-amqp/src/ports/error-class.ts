import { CeleryError, type CeleryErrorCode } from "./errors.ts";

/**
 * What an error means for the message that a worker settles:
 *
 * - `transient`: the operation succeeds once the broker or the result backend is well again. The worker waits, then returns
 *   the message to its queue.
 * - `permanent`: the operation can never succeed, and the task is not the cause. The message goes to the dead queue, the
 *   caller gets a failure.
 * - `task`: the task's own value or call is the cause. The task ends with FAILURE.
 * - `closed`: the worker's transport or result backend is closed. The message returns to its queue at once.
 */
export type ErrorClass = "transient" | "permanent" | "task" | "closed";

/**
 * What a worker was doing: sending a message that follows from a task, storing a state, counting a chord, publishing to the
 * dead queue, or publishing a message again to delay or count it.
 */
export type Operation = "send" | "store" | "count" | "dead-letter" | "republish";

/** What keeps a worker from being ready while it waits: the result backend, or its own publish queue. */
export type Obstacle = "results" | "publishing";

interface Row {
  readonly class: ErrorClass;
  /** Where the class depends on the operation. */
  readonly in?: Partial<Record<Operation, ErrorClass>>;
  /** Absent: the error concerns one queue or one message, or the state of the transport shows it already. */
  readonly obstacle?: Obstacle;
}

const transient: Row = { class: "transient" };
const permanent: Row = { class: "permanent" };
const ofTask: Row = { class: "task" };

const rows: Readonly<Record<CeleryErrorCode, Row>> = {
  "broker-unreachable": transient,
  "connection-lost": transient,
  "publish-timeout": transient,
  "publish-nacked": transient,
  "rpc-timeout": transient,
  "limit-reached": transient,
  "vhost-missing": transient,
  overloaded: { class: "transient", obstacle: "publishing" },
  "results-unreachable": { class: "transient", obstacle: "results" },
  // A password or an access rule of a result backend is rotated under a running worker, and then restored.
  "access-refused": { class: "permanent", in: { store: "transient", count: "transient" }, obstacle: "results" },
  "publish-refused": permanent,
  "results-refused": permanent,
  "queue-mismatch": permanent,
  "not-found": permanent,
  unroutable: permanent,
  "message-too-large": ofTask,
  "encode-failed": ofTask,
  "option-invalid": ofTask,
  "arguments-invalid": ofTask,
  "chords-unsupported": ofTask,
  closed: { class: "closed" },
  // No operation of a worker ends in these by itself; an interceptor may throw one.
  "task-failed": ofTask,
  "task-revoked": ofTask,
  "result-timeout": ofTask,
  "results-disabled": ofTask,
  "result-lost": ofTask,
  "task-duplicate": ofTask,
  "task-unhandled": ofTask,
  "pool-failed": ofTask,
  aborted: ofTask,
  "worker-state": ofTask,
};

/** The class of an error that `operation` ended in. An error that is no CeleryError comes from a plugged-in part. */
export function errorClass(error: unknown, operation: Operation): ErrorClass {
  if (!(error instanceof CeleryError)) return isSystemError(error) ? "transient" : "task";
  const row = rows[error.code];
  return row.in?.[operation] ?? row.class;
}

/** What keeps the worker from being ready while it waits after this error; null: nothing of the whole worker. */
export function obstacleOf(error: unknown): Obstacle | null {
  return (error instanceof CeleryError && rows[error.code].obstacle) || null;
}

/** An error of a socket or another system call, as Node makes it. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}
