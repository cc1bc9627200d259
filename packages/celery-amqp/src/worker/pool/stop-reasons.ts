/**
 * The soft time limit of a task passed: the reason that `ctx.signal` is aborted with. A handler that lets it through fails
 * with it, and Python callers see billiard's exception of the same name.
 */
export class SoftTimeLimitExceeded extends Error {
  override readonly name = "SoftTimeLimitExceeded";
  /** Billiard raises it without arguments. */
  readonly pythonArgs: readonly unknown[] = [];
  readonly limitSeconds: number;

  constructor(limitMs: number) {
    super(`The soft time limit of ${limitMs / 1000} s passed`);
    this.limitSeconds = limitMs / 1000;
  }
}

/** The worker stops and its grace is over: the reason that `ctx.signal` is aborted with. The task goes back to its queue. */
export class WorkerStopping extends Error {
  override readonly name = "WorkerStopping";

  constructor() {
    super("The worker is stopping and the grace period is over: the task goes back to its queue");
  }
}

/** The task was revoked with terminate: the reason that `ctx.signal` is aborted with. It is stored as REVOKED. */
export class TaskTerminated extends Error {
  override readonly name = "TaskTerminated";

  constructor() {
    super("The task was terminated by a revoke: nothing it still does is heard");
  }
}
