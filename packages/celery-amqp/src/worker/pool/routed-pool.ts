import type { PoolKind } from "../../task/policy.ts";
import type { Outcome } from "../rules/outcome.ts";
import type { Job } from "./running/job.ts";
import type { Pool, RunningJob } from "./pool.ts";

/** The pools of a worker that has several. */
export interface RoutedPoolParts {
  /** Jobs at once, in all of them together, to begin with. */
  readonly size: number;
  /** The first is for tasks that ask for none. */
  readonly pools: ReadonlyMap<PoolKind, Pool>;
}

/** Gives each job to the pool that its task asks for. */
export class RoutedPool implements Pool {
  readonly #pools: ReadonlyMap<PoolKind, Pool>;
  readonly #all: readonly Pool[];
  #size: number;

  constructor({ size, pools }: RoutedPoolParts) {
    this.#pools = pools;
    this.#all = [...pools.values()];
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get runaways(): number {
    return this.#all.reduce((sum, { runaways }) => sum + runaways, 0);
  }

  get processes(): readonly number[] {
    return this.#all.flatMap(({ processes }) => processes);
  }

  get running(): readonly RunningJob[] {
    return this.#all.flatMap(({ running }) => running);
  }

  async start(): Promise<void> {
    await Promise.all(this.#all.map((pool) => pool.start()));
  }

  run(job: Job, finish: (outcome: Outcome) => void): void {
    const pool = (job.policy.pool === null ? undefined : this.#pools.get(job.policy.pool)) ?? this.#all[0];
    pool?.run(job, finish);
  }

  abort(taskId: string, reason: Error): boolean {
    return this.#all.filter((pool) => pool.abort(taskId, reason)).length > 0;
  }

  terminate(taskId: string): boolean {
    return this.#all.filter((pool) => pool.terminate(taskId)).length > 0;
  }

  /** The children of a pool stay as many as they are: further jobs wait in its line. */
  resize(size: number): void {
    this.#size = size;
  }

  interrupt(): void {
    for (const pool of this.#all) pool.interrupt();
  }

  abandon(): void {
    for (const pool of this.#all) pool.abandon();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((pool) => pool.stop()));
  }
}
