import type { Clock } from "../ports/clock.ts";
import type { Consumption } from "./consuming/consumption.ts";
import { Grace } from "./grace.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { Pool } from "./pool/pool.ts";

/** What is brought to rest. */
export interface ShutdownParts {
  readonly clock: Clock;
  readonly consumption: Consumption;
  readonly pipeline: Pipeline;
  readonly pool: Pool;
}

/** After the grace: how long handlers have to answer their aborted signal. */
const abortMs = 1_000;

/** And then, how long results and acks may still take. */
const settleMs = 5_000;

/**
 * Brings a worker's tasks to rest, in an order that has its reasons: first nothing new comes in; what has not begun goes to
 * others at once; running tasks have their grace, then their signal is aborted, then they are abandoned; ended tasks are settled.
 * Every step has its time, so that it ends also where the broker is away. A grace of 0 is a cold shutdown.
 */
export class Shutdown {
  readonly #parts: ShutdownParts;
  #grace: Grace | null = null;

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  /** Resolves when no task runs, or the running ones are abandoned. */
  async run(graceMs: number): Promise<void> {
    const { clock, pipeline } = this.#parts;
    this.#grace = new Grace(clock, graceMs);
    await this.#grace.within(this.#drain());
    pipeline.close(); // also where the broker did not let the consumers go in time
    if (pipeline.counts.active > 0) await this.#interrupt();
    await new Grace(clock, settleMs).within(pipeline.idle());
  }

  /** Ends the grace in so much time from now. */
  shorten(graceMs: number): void {
    this.#grace?.shorten(graceMs);
  }

  async #drain(): Promise<void> {
    const { consumption, pipeline } = this.#parts;
    await consumption.close();
    pipeline.close();
    await pipeline.idle();
  }

  async #interrupt(): Promise<void> {
    const { clock, pipeline, pool } = this.#parts;
    pool.interrupt();
    await new Grace(clock, abortMs).within(pipeline.idle());
    pool.abandon();
  }
}
