import type { Tree } from "@leveret/celery-protocol";
import type { Clock } from "../../../ports/clock.ts";
import { checkReturned } from "../../../task/arguments.ts";
import { apart } from "../../../task/current-task.ts";
import {
  ChordEndSignal,
  IgnoreSignal,
  RejectSignal,
  ReplaceSignal,
  RetrySignal,
  SnoozeSignal,
} from "../../../task/signals.ts";
import type { TaskDefinition } from "../../../task/task.ts";
import type { Ending, Outcome } from "../../rules/outcome.ts";
import { endingOf } from "../running/ending.ts";
import type { Intercept } from "../running/invoke.ts";
import { type Job, limitsOf } from "../running/job.ts";
import { SoftTimeLimitExceeded, WorkerStopping } from "../../../task/stop-reasons.ts";

/** What runs in children need of their pool. */
export interface ChildRunParts {
  readonly clock: Clock;
  readonly intercept: Intercept | null;
  /** The schema of what a task returns, as the worker knows it. */
  readonly returns: (name: string) => TaskDefinition["returns"];
}

/** The child that a run was given to. */
export interface RunSite {
  /** Process of the child; null for a thread. */
  readonly pid: number | null;
  /** Runs the job; how it ends comes back by `onEnding`. */
  execute(run: ChildRun): void;
  /** Aborts the signal of the run. */
  abort(run: ChildRun, reason: Error): void;
  /** The run has come to its end, and the child may have another. */
  free(): void;
  /** The run was abandoned: ends the child. */
  kill(): void;
}

/** One run of one job in a child, seen from the parent: its limits, its interceptors, its one end. */
export class ChildRun {
  readonly number: number;
  readonly job: Job;
  readonly #parts: ChildRunParts;
  readonly #finish: (outcome: Outcome) => void;
  readonly #children: Tree[] = [];
  #timers: (() => void)[] = [];
  #site: RunSite | null = null;
  #startedAt: number | null = null;
  #abortReason: Error | null = null;
  #finished = false;
  #inner: PromiseWithResolvers<Tree> | null = null;
  /** What interceptors saw thrown, and what it stands for. */
  #thrown: { readonly error: unknown; readonly ending: Ending } | null = null;

  constructor(number: number, job: Job, parts: ChildRunParts, finish: (outcome: Outcome) => void) {
    this.number = number;
    this.job = job;
    this.#parts = parts;
    this.#finish = finish;
  }

  /** Null while it waits for a child. */
  get startedAt(): number | null {
    return this.#startedAt;
  }

  /** The process it runs in; null where that is this one, or it has none yet. */
  get pid(): number | null {
    return this.#site?.pid ?? null;
  }

  /** Result tuples of what this run has sent. */
  addChildren(children: readonly Tree[]): void {
    this.#children.push(...children);
  }

  /** Both limits count from here. */
  begin(site: RunSite): void {
    this.#site = site;
    this.#startedAt = this.#parts.clock.monotonicMs();
    this.#limit();
    const { intercept } = this.#parts;
    if (intercept === null) this.#execute();
    else void apart(() => this.#intercepted(intercept));
  }

  /** Only the first reason counts. */
  abort(reason: Error): void {
    if (this.#abortReason !== null) return;
    this.#abortReason = reason;
    this.#site?.abort(this, reason);
  }

  /** The message of the child about its run. */
  onEnding(ending: Ending): void {
    if (this.#inner === null) this.#end(ending);
    else if (ending.kind === "succeeded") this.#inner.resolve(ending.result);
    else this.#throw(ending);
  }

  /** Its child is gone and gets no more messages. */
  lose(reason: string): void {
    this.#site = null;
    this.giveUp({ kind: "worker-lost", reason: `Worker exited prematurely: ${reason}` });
  }

  /** Ends the run as `ending`, and its child with it. */
  giveUp(ending: Ending): void {
    if (this.#finished) return;
    const site = this.#site;
    this.#site = null;
    site?.kill();
    this.#end(ending);
    if (this.#inner !== null) this.#throw(ending);
  }

  #execute(): void {
    this.#site?.execute(this);
    if (this.#abortReason !== null) this.#site?.abort(this, this.#abortReason);
  }

  async #intercepted(intercept: Intercept): Promise<void> {
    const { job } = this;
    const next = (): Promise<Tree> => {
      this.#inner = Promise.withResolvers();
      this.#execute();
      return this.#inner.promise;
    };
    try {
      const result = await intercept(job.task, next);
      const { task: name } = job.task;
      await checkReturned({ name, returns: this.#parts.returns(name) }, result);
      this.#end({ kind: "succeeded", result: (result ?? null) as Tree });
    } catch (error) {
      const same = this.#thrown !== null && this.#thrown.error === error;
      this.#end(same && this.#thrown !== null ? this.#thrown.ending : await endingOf(job, error, this.#abortReason));
    }
  }

  #throw(ending: Ending): void {
    const error = thrownFor(ending);
    this.#thrown = { error, ending };
    this.#inner?.reject(error);
  }

  #limit(): void {
    const { softMs, hardMs } = limitsOf(this.job);
    const { clock } = this.#parts;
    if (softMs !== null) this.#timers.push(clock.setTimer(softMs, () => this.abort(new SoftTimeLimitExceeded(softMs))));
    if (hardMs !== null)
      this.#timers.push(clock.setTimer(hardMs, () => this.giveUp({ kind: "timed-out", limitMs: hardMs })));
  }

  #end(ending: Ending): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const cancel of this.#timers) cancel();
    const runtimeMs = this.#startedAt === null ? 0 : this.#parts.clock.monotonicMs() - this.#startedAt;
    this.#finish({ ...ending, children: this.#children, runtimeMs });
    this.#site?.free();
  }
}

/** What an interceptor in the parent sees thrown for it. */
function thrownFor(ending: Ending): unknown {
  switch (ending.kind) {
    case "failed":
    case "invalid":
      return ending.failure.error;
    case "retry":
      return new RetrySignal(ending.delayMs, ending.cause?.error, ending.changes);
    case "snoozed":
      return new SnoozeSignal(ending.delayMs);
    case "ignored":
      return new IgnoreSignal();
    case "chord-ended":
      return new ChordEndSignal(ending.body, ending.end);
    case "replaced":
      return new ReplaceSignal(ending.by);
    case "rejected":
      return new RejectSignal(ending.requeue, ending.reason);
    case "interrupted":
      return new WorkerStopping();
    case "worker-lost":
      return new Error(ending.reason);
    default:
      return new Error(`The task was ended: ${ending.kind}`);
  }
}
