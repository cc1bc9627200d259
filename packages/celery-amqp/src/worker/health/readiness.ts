import type { Clock } from "../../ports/clock.ts";
import { messageOf } from "../../ports/thrown.ts";
import { errorClass, obstacleOf, type Obstacle } from "../../ports/error-class.ts";
import type { Logger } from "../../ports/logger.ts";
import type { ResultStore } from "../../results/backend.ts";

/** How often a result backend that failed is asked whether it works again. */
const checkMs = 5_000;

/** What readiness needs of the worker. */
export interface ReadinessParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly results: Pick<ResultStore, "check">;
}

/** What keeps a worker from being ready besides its connections and consumers, each with its reason. */
export class Readiness {
  readonly #parts: ReadinessParts;
  readonly #reasons = new Map<Obstacle, string>();
  #cancelCheck = (): void => {};
  #isStopped = false;

  constructor(parts: ReadinessParts) {
    this.#parts = parts;
  }

  /** One string per obstacle; none: the worker is ready as far as this is concerned. */
  get reasons(): readonly string[] {
    return [...this.#reasons].map(([obstacle, reason]) => `${obstacle}: ${reason}`);
  }

  /**
   * Checks the result backend before the first message is taken. A backend that does not answer may come back: the worker
   * starts, and is not ready until then.
   *
   * @throws CeleryError `access-refused`, `results-refused`, or what else `check` ended in
   */
  async start(): Promise<void> {
    try {
      await this.#parts.results.check?.();
    } catch (error) {
      if (errorClass(error, "send") !== "transient") throw error;
      this.#parts.log.warn("the result backend does not answer", { error: messageOf(error) });
      this.#onFailed(error);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelCheck();
  }

  /** Operations wait because of this obstacle. */
  onObstacle(obstacle: Obstacle, reason: string): void {
    this.#reasons.set(obstacle, reason);
  }

  /** No operation waits any more: they succeeded, or were abandoned. */
  onCleared(obstacle: Obstacle): void {
    if (obstacle === "results" && this.#parts.results.check !== undefined) this.#checkIn(0);
    else this.#reasons.delete(obstacle);
  }

  #checkIn(delayMs: number): void {
    this.#cancelCheck();
    if (!this.#isStopped) this.#cancelCheck = this.#parts.clock.setTimer(delayMs, () => void this.#check());
  }

  async #check(): Promise<void> {
    try {
      await this.#parts.results.check?.();
      this.#reasons.delete("results");
    } catch (error) {
      this.#onFailed(error);
    }
  }

  #onFailed(error: unknown): void {
    if (obstacleOf(error) === "results") this.#reasons.set("results", messageOf(error));
    this.#checkIn(checkMs);
  }
}
