import type { TaskMessage } from "@leveret/celery-protocol";

/** Where tasks run: in the worker's event loop, in threads, in processes. */
export type PoolKind = "inline" | "threads" | "processes";

/**
 * How a worker treats one task, complete and frozen once when the task is defined.
 * Options as a user writes them are in `options.ts`; Celery's names: celery/app/task.py.
 */
export interface TaskPolicy {
  /** Ack after the run (default) or before it. */
  readonly acks: "late" | "early";
  /** Late acks: a failed task is acked (true) or rejected without requeue (false). Celery: `acks_on_failure_or_timeout`. */
  readonly acksOnFailure: boolean;
  /** Late acks: a task that ran into its hard limit is acked (true) or requeued (false). */
  readonly acksOnTimeout: boolean;
  /** Late acks: a task whose process died is requeued. Celery: `reject_on_worker_lost`. */
  readonly rejectOnWorkerLost: boolean;
  /** Store no result, unless the message sets it. */
  readonly ignoreResult: boolean;
  /** Store failures even where results are ignored. Celery: `store_errors_even_if_ignored`. */
  readonly storeErrorsEvenIfIgnored: boolean;
  /** Store STARTED when the run begins. Celery: `track_started`. */
  readonly trackStarted: boolean;
  /** Send task events for it, where the worker sends task events. Celery: `send_events`. */
  readonly sendEvents: boolean;
  /** Hard limit of a run in milliseconds, null is none. */
  readonly timeLimitMs: number | null;
  /** Soft limit in milliseconds: aborts `ctx.signal`. */
  readonly softTimeLimitMs: number | null;
  /** How many a worker begins in a second at most, null is no limit. Celery: `rate_limit`. */
  readonly ratePerSecond: number | null;
  /** The pool of the worker that it runs in; null takes the first. */
  readonly pool: PoolKind | null;
  /** How failures are tried again. */
  readonly retry: RetryPolicy;
}

/** When and how soon a task is tried again. Formula of the backoff: celery/utils/time.py `get_exponential_backoff_interval`. */
export interface RetryPolicy {
  /** Runs in all, the first included. Default 4 (Celery's `max_retries` 3). */
  readonly attempts: number;
  /** Whether failures are retried without the task asking. */
  readonly automatic: boolean;
  /** Wait before the second run. Default 180 000 (Celery's `default_retry_delay`). */
  readonly delayMs: number;
  /** `fixed` waits the same each time; `exponential` doubles. */
  readonly backoff: "fixed" | "exponential";
  /** Longest wait of the exponential backoff. Default 600 000. */
  readonly maxDelayMs: number;
  /** Take a random whole number of seconds up to the wait. */
  readonly jitter: boolean;
  /** Which errors are worth another try; one that throws or rejects counts as false. Absent: all. */
  readonly when?: (error: unknown) => boolean | Promise<boolean>;
}

/** Options of one retry beside the wait; absent ones are those of the message and the policy. */
export interface RetryChanges {
  /** Epoch milliseconds before which the next run does not start; null leaves that to the wait. */
  readonly etaMs: number | null;
  /** Runs in all that decide about this retry alone; null takes the policy's. */
  readonly attempts: number | null;
  /** When the next run expires: an epoch time, or a time from the retry on; null keeps the message's. */
  readonly expires: { readonly atMs: number } | { readonly inMs: number } | null;
  /** The parts of the address that differ from where the message came from. */
  readonly to: { readonly exchange?: string; readonly routingKey?: string };
  /** Fields that the next message replaces. */
  readonly fields: Partial<TaskMessage>;
}
