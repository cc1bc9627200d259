/**
 * The soft time limit of a task passed: the reason that `ctx.signal` is aborted with. A handler that lets it through fails
 * with it, and Python callers see billiard's exception of the same name.
 */
export class SoftTimeLimitExceeded extends Error {
  /** Name of the class, for logs. */
  override readonly name = "SoftTimeLimitExceeded";
  /** Billiard raises it without arguments. */
  readonly pythonArgs: readonly unknown[] = [];
  /** The soft time limit. */
  readonly limitSeconds: number;

  constructor(limitMs: number) {
    super(`The soft time limit of ${limitMs / 1000} s passed`);
    this.limitSeconds = limitMs / 1000;
  }
}

/** The worker stops and its grace is over: the reason that `ctx.signal` is aborted with. The task goes back to its queue. */
export class WorkerStopping extends Error {
  /** Name of the class, for logs. */
  override readonly name = "WorkerStopping";

  constructor() {
    super("The worker is stopping and the grace period is over: the task goes back to its queue");
  }
}

/**
 * The task was revoked with terminate: the reason that `ctx.signal` is aborted with. However the handler fails after that,
 * the task is stored as REVOKED; one that still succeeds has succeeded.
 */
export class TaskRevoked extends Error {
  /** Name of the class, for logs. */
  override readonly name = "TaskRevoked";
  /** The reason given with the revoke, or null. */
  readonly reason: string | null;

  constructor(reason: string | null = null) {
    super(`The task was revoked${reason === null ? "" : `: ${reason}`}`);
    this.reason = reason;
  }
}

/**
 * The hard time limit of a task passed: the reason that `ctx.signal` is aborted with in a handler that cannot be
 * killed. Its task has failed already, and its outcome is ignored.
 */
export class TimeLimitExceeded extends Error {
  /** Name of the class, for logs. */
  override readonly name = "TimeLimitExceeded";
  /** The time limit. */
  readonly limitSeconds: number;

  constructor(limitMs: number) {
    super(`The hard time limit of ${limitMs / 1000} s passed: the task has failed`);
    this.limitSeconds = limitMs / 1000;
  }
}

/**
 * The connection that brought the task is gone, so the broker gives it to another worker: the reason that `ctx.signal` is
 * aborted with where `cancelOnConnectionLoss` asks for it.
 */
export class ConnectionLost extends Error {
  /** Name of the class, for logs. */
  override readonly name = "ConnectionLost";

  constructor() {
    super("The connection that brought the task is gone: the broker delivers it again");
  }
}
