import type { Outcome } from "../rules/outcome.ts";
import type { Job } from "./job.ts";

/** Where tasks run. It sees jobs and outcomes, never a delivery. */
export interface Pool {
  /** How many jobs it runs at once. Who hands it more has miscounted. */
  readonly size: number;
  /** Handlers that were given up and still go on. */
  readonly runaways: number;
  /** Starts a job; `finish` is called exactly once, whatever becomes of it. */
  run(job: Job, finish: (outcome: Outcome) => void): void;
  /** Aborts every running job. Those that end by it, or had failed anyway, come back as `interrupted`. */
  interrupt(): void;
  /** Gives up every job still running: each comes back as `interrupted` at once, even if its handler goes on. */
  abandon(): void;
}
