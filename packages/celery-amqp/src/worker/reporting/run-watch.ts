import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Job } from "../pool/running/job.ts";
import type { Pool, RunningJob } from "../pool/pool.ts";

/** What is watched, and for what. */
export interface RunWatchParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether a job runs in this event loop. */
  readonly isInline: (job: Job) => boolean;
  /** A run this old is reported once; 0 is never. */
  readonly stuckAfterMs: number;
  /** The broker cuts a connection that is silent for two of these; null where nothing beats. */
  readonly heartbeatMs: number | null;
}

/** How often running tasks are checked. */
const lookMs = 1_000;

/** Tasks named in one line at most. */
const maxNamed = 5;

/** Checks running tasks each second: reports handlers that seem stuck, and a blocked event loop. */
export class RunWatch {
  readonly #parts: RunWatchParts;
  readonly #reported = new WeakSet<Job>();
  #pool: Pick<Pool, "running"> | null = null;
  #cancel: () => void = () => {};
  #lookedAt = 0;
  #ended: RunningJob[] = [];

  constructor(parts: RunWatchParts) {
    this.#parts = parts;
  }

  start(pool: Pick<Pool, "running">): void {
    this.#pool = pool;
    this.#lookedAt = this.#parts.clock.monotonicMs();
    this.#wait();
  }

  /** May be called twice. */
  stop(): void {
    this.#cancel();
  }

  /** The run that blocked the event loop has often ended by the time of the check. */
  onInlineEnd(ended: RunningJob): void {
    this.#ended.push(ended);
    if (this.#ended.length > maxNamed) this.#ended.shift();
  }

  #wait(): void {
    this.#cancel = this.#parts.clock.setTimer(lookMs, () => this.#look());
  }

  #look(): void {
    const now = this.#parts.clock.monotonicMs();
    const running = this.#pool?.running ?? [];
    this.#reportLag(now - this.#lookedAt - lookMs, running);
    this.#reportStuck(now, running);
    this.#lookedAt = now;
    this.#ended = [];
    this.#wait();
  }

  #reportLag(lagMs: number, running: readonly RunningJob[]): void {
    const { heartbeatMs, isInline, log } = this.#parts;
    if (heartbeatMs === null || lagMs < heartbeatMs / 2) return;
    const suspects = [...this.#ended, ...running.filter(({ job }) => isInline(job))].slice(0, maxNamed);
    log.warn(
      "the event loop was blocked: the broker closes connections that miss heartbeats; run computing tasks in a pool of threads or processes",
      {
        ms: Math.round(lagMs),
        heartbeatMs,
        tasks: suspects.map(({ job: { task } }) => `${task.task}[${task.id}]`).join(", "),
      },
    );
  }

  #reportStuck(now: number, running: readonly RunningJob[]): void {
    const { stuckAfterMs, log } = this.#parts;
    if (stuckAfterMs === 0) return;
    for (const { job, startedAt } of running) {
      if (now - startedAt < stuckAfterMs || this.#reported.has(job)) continue;
      this.#reported.add(job);
      const { task: name, id } = job.task;
      log.warn("a task runs for very long: it may be stuck; a timeLimit would end it", {
        task: name,
        id,
        runningSeconds: Math.round((now - startedAt) / 1_000),
      });
    }
  }
}
