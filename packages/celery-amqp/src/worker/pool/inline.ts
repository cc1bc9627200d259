import type { Clock } from "../../ports/clock.ts";
import type { Ending, Outcome } from "../rules/outcome.ts";
import { type Intercept, invoke, type Runnable } from "./running/invoke.ts";
import { limitsOf, type Job, type JobHost, type Limits } from "./running/job.ts";
import type { Pool, RunningJob } from "./pool.ts";
import { RunningTask } from "./running/running-task.ts";
import { SoftTimeLimitExceeded, TaskRevoked, TimeLimitExceeded, WorkerStopping } from "../../task/stop-reasons.ts";

/** What an inline pool is made of. */
export interface InlinePoolParts {
  /** Runs at once, to begin with. */
  readonly size: number;
  readonly clock: Clock;
  readonly host: JobHost;
  readonly intercept: Intercept | null;
  /** The task of a job; it was checked before, so it exists. */
  readonly runnable: (job: Job) => Runnable;
  /** Called at the end of runs that took at least so long. */
  readonly longRun: { readonly fromMs: number; readonly onEnd: (run: RunningJob) => void } | null;
  /** Called when the handler of an abandoned run ends. */
  readonly onRunawayEnd: (job: Job, runtimeMs: number) => void;
}

/**
 * Runs tasks in this event loop, `size` of them at once. A handler cannot be killed here: past its hard limit the run is
 * reported and its slot freed, while the handler keeps running detached until it ends by itself.
 */
export class InlinePool implements Pool {
  readonly #parts: InlinePoolParts;
  readonly #runs = new Set<InlineRun>();
  readonly #onHandlerEnd = (): void => void (this.#handlers -= 1);
  #handlers = 0;
  #size: number;

  constructor(parts: InlinePoolParts) {
    this.#parts = parts;
    this.#size = parts.size;
  }

  get size(): number {
    return this.#size;
  }

  get runaways(): number {
    return this.#handlers - this.#runs.size;
  }

  get processes(): readonly number[] {
    return [];
  }

  get running(): readonly RunningJob[] {
    return [...this.#runs].map(({ job, startedAt }) => ({ job, startedAt }));
  }

  async start(): Promise<void> {}

  run(job: Job, finish: (outcome: Outcome) => void): void {
    const run = new InlineRun(job, this.#parts, (outcome) => {
      this.#runs.delete(run);
      finish(outcome);
    });
    this.#runs.add(run);
    this.#handlers += 1;
    void run.start(this.#onHandlerEnd);
  }

  abort(taskId: string, reason: Error): boolean {
    const runs = this.#runsOf(taskId);
    for (const run of runs) run.abort(reason);
    return runs.length > 0;
  }

  terminate(taskId: string): boolean {
    const runs = this.#runsOf(taskId);
    for (const run of runs) run.terminate();
    return runs.length > 0;
  }

  resize(size: number): void {
    this.#size = size;
  }

  interrupt(): void {
    for (const run of this.#runs) run.abort(new WorkerStopping());
  }

  abandon(): void {
    for (const run of this.#runs) run.abandon();
  }

  async stop(): Promise<void> {
    this.abandon();
  }

  /** There are few runs, so that none needs to be found by its id at the cost of each message. */
  #runsOf(taskId: string): readonly InlineRun[] {
    return [...this.#runs].filter((run) => run.job.task.id === taskId);
  }
}

class InlineRun {
  readonly job: Job;
  readonly startedAt: number;
  readonly #parts: InlinePoolParts;
  readonly #runnable: Runnable;
  readonly #running: RunningTask;
  readonly #finish: (outcome: Outcome) => void;
  #timers: readonly (() => void)[] = [];
  #finished = false;

  constructor(job: Job, parts: InlinePoolParts, finish: (outcome: Outcome) => void) {
    this.job = job;
    this.#parts = parts;
    this.#finish = finish;
    this.#runnable = parts.runnable(job);
    this.#running = new RunningTask(job, parts.host, this.#runnable.definition.parameters);
    this.startedAt = parts.clock.monotonicMs();
  }

  /** `onHandlerEnd` may be called long after the run was abandoned. */
  async start(onHandlerEnd: () => void): Promise<void> {
    this.#limit(limitsOf(this.job));
    const { intercept, onRunawayEnd } = this.#parts;
    const ending = await invoke(this.job, this.#runnable, this.#running, intercept);
    onHandlerEnd();
    if (this.#finished) onRunawayEnd(this.job, this.#runtimeMs());
    else this.#end(ending);
  }

  abort(reason: Error): void {
    this.#running.abort(reason);
  }

  terminate(): void {
    this.#running.abort(new TaskRevoked());
    this.#end({ kind: "terminated" });
  }

  abandon(): void {
    this.#end({ kind: "interrupted" });
  }

  /** Both limits start with the run: celery/concurrency/asynpool.py. */
  #limit({ softMs, hardMs }: Limits): void {
    if (softMs === null && hardMs === null) return;
    const { clock } = this.#parts;
    const timers: (() => void)[] = [];
    if (softMs !== null) {
      timers.push(clock.setTimer(softMs, () => this.#running.abort(new SoftTimeLimitExceeded(softMs))));
    }
    if (hardMs !== null) timers.push(clock.setTimer(hardMs, () => this.#timeOut(hardMs)));
    this.#timers = timers;
  }

  #timeOut(limitMs: number): void {
    this.#end({ kind: "timed-out", limitMs });
    this.#running.abort(new TimeLimitExceeded(limitMs));
  }

  #end(ending: Ending): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const cancel of this.#timers) cancel();
    const runtimeMs = this.#runtimeMs();
    const { longRun } = this.#parts;
    if (longRun !== null && runtimeMs >= longRun.fromMs) longRun.onEnd({ job: this.job, startedAt: this.startedAt });
    this.#finish({ ...ending, children: this.#running.children, runtimeMs });
  }

  #runtimeMs(): number {
    return this.#parts.clock.monotonicMs() - this.startedAt;
  }
}
