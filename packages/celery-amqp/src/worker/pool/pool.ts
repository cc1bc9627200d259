import type { Outcome } from "../rules/outcome.ts";
import type { Job } from "./running/job.ts";

/** A job that has begun. */
export interface RunningJob {
  readonly job: Job;
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number;
  /** The process it runs in; missing where that is this one. */
  readonly pid?: number;
}

/** Where tasks run. It sees jobs and outcomes, never a delivery. */
export interface Pool {
  /** The number of jobs that run at once; a caller must not pass more. */
  readonly size: number;
  /** Handlers that keep running detached after their run was abandoned. */
  readonly runaways: number;
  /** Ids of the processes that jobs run in, beside this one. */
  readonly processes: readonly number[];
  /** The jobs that have begun and not come back. */
  readonly running: readonly RunningJob[];
  /**
   * Makes ready what jobs run in; before it nothing may be run.
   *
   * @throws CeleryError `pool-failed` where children cannot be started
   */
  start(): Promise<void>;
  /** Starts a job; `finish` is called exactly once, whatever becomes of it. */
  run(job: Job, finish: (outcome: Outcome) => void): void;
  /**
   * Aborts `ctx.signal` of every run of this task with `reason`; one message redelivered may run twice at once. The first
   * reason of a run counts. False where no run of it is here.
   */
  abort(taskId: string, reason: Error): boolean;
  /**
   * Ends every run of this task now: each comes back as `terminated`, with its handler killed where that can be done.
   * False where no run of it is here.
   */
  terminate(taskId: string): boolean;
  /** From now on runs `size` jobs at once; those beyond it that run already go on to their end. */
  resize(size: number): void;
  /** Aborts every running job. Those that end by it, or had failed anyway, come back as `interrupted`. */
  interrupt(): void;
  /** Abandons all running jobs: each ends as `interrupted` at once, even if its handler keeps running. */
  abandon(): void;
  /** Lets go of what `start` made. Jobs still running are abandoned. May be called twice. */
  stop(): Promise<void>;
}
