import type { Duration } from "../../ports/duration.ts";
import type { RateLimit } from "../../task/options.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { StampSelection } from "../rules/revocations.ts";

/** The tasks to revoke: one id, several, or all that carry one of these stamps. */
export type RevokeSelection = string | readonly string[] | { readonly stamps: StampSelection };

/** How tasks are revoked. */
export interface RevokeOptions {
  /**
   * Also end those that run: `ctx.signal` is aborted with `TaskRevoked`, and a task that has not ended a second later is ended
   * (in a pool of children by killing the child; inline the handler keeps running detached). Default false: they run to their end.
   */
  readonly terminate?: boolean;
  /** Why, for the handler that is ended and for the log. */
  readonly reason?: string;
}

/** The revoked tasks that were in this worker at that moment, by id. */
export interface RevokedHere {
  /** Waited, for their eta, their turn or a slot; they are refused now. */
  readonly waiting: readonly string[];
  /** Run; with `terminate` they are being ended. */
  readonly running: readonly string[];
}

/** Limits of the runs of a task. What is left out is no limit. */
export interface TimeLimitOptions {
  /** The run is ended when it has passed. */
  readonly hard?: Duration | null;
  /** `ctx.signal` is aborted when it has passed. */
  readonly soft?: Duration | null;
}

/** A queue to consume, with options. */
export interface ConsumedQueue {
  /** Name of the queue. */
  readonly name: string;
  /** Exchange the queue is bound to. Default: one of the queue's own name. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: "direct" | "topic" | "fanout";
  /** Key of the binding. Default: the queue's name. */
  readonly routingKey?: string;
}

/**
 * What can be changed of a worker while it runs: by its own program, and by the commands of Celery's remote control, which
 * know no more of a worker than this.
 */
export interface Controls {
  /**
   * From now on refuses these tasks: those that wait here at once, those that come later when they come; they end in
   * REVOKED. The last 50 000 ids are remembered, and as many stamps; `stateFile` keeps them across restarts. Nothing is
   * stored for ids that this worker has not seen.
   *
   * @throws CeleryError `option-invalid`
   */
  revoke(what: RevokeSelection, options?: RevokeOptions): RevokedHere;
  /**
   * From now on at most so many of these tasks begin here in a second; null or 0 lifts the limit.
   *
   * @throws CeleryError `option-invalid` for what is no rate, or a task this worker does not have
   */
  setRateLimit(task: TaskDefinition | string, rate: RateLimit): void;
  /**
   * Limits of the runs that begin from now on, instead of the task's own; those of a message still win. As with Celery,
   * a limit that is left out is lifted.
   *
   * @throws CeleryError `option-invalid` for an invalid duration, or a task this worker does not have
   */
  setTimeLimit(task: TaskDefinition | string, limits: TimeLimitOptions): void;
  /**
   * Takes no more tasks from this queue, or from all, until `resume`. What has not begun goes back to its queue, what runs
   * continues. Resolves when no task can begin. A paused worker is alive and not ready.
   *
   * @throws CeleryError `option-invalid` for a queue it does not serve, `worker-state` where it does not run
   */
  pause(queue?: string): Promise<void>;
  /**
   * Takes tasks again from this queue, or from all.
   *
   * @throws CeleryError as `pause`, and what declaring and consuming can end in; the queue then stays paused
   */
  resume(queue?: string): Promise<void>;
  /**
   * Also serves this queue; one that it serves already is left as it is.
   *
   * @throws CeleryError `option-invalid`, `worker-state` where it does not run, and what declaring and consuming can end in
   */
  addConsumer(queue: string | ConsumedQueue): Promise<void>;
  /**
   * No longer serves this queue; one that it does not serve is no error. What has not begun goes back.
   *
   * @throws CeleryError `worker-state` where it does not run
   */
  cancelConsumer(queue: string): Promise<void>;
  /**
   * Sets the number of tasks that run at once. Running tasks are not aborted; where there are fewer slots, messages that were
   * delivered already run first.
   *
   * @param concurrency - slots of all queues together: those that have none of their own get the difference
   * @param queue - the queue whose own slots these are; with them changes how many there are in all
   * @returns when the consumers have followed, or will as soon as what they hold is settled
   * @throws CeleryError `option-invalid` for a number that leaves queues without slots, or a queue that has none of its own;
   * `worker-state` where it does not run; what consuming can end in
   */
  setConcurrency(concurrency: number, queue?: string): Promise<void>;
}
