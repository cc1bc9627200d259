import type { Clock } from "../../ports/clock.ts";
import { obstacleOf, type Obstacle } from "../../ports/error-class.ts";
import type { Logger } from "../../ports/logger.ts";

/** A cause that lasts is logged once in this time, however many tasks wait for it. */
const quietMs = 60_000;

/** What the waits of one worker share. */
export interface WaitsParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** An operation waits because the result backend or the publish queue of the worker fails. */
  readonly onObstacle: (obstacle: Obstacle, reason: string) => void;
  /** No operation waits for it any more. */
  readonly onCleared: (obstacle: Obstacle) => void;
}

/** Counts the operations of a worker that wait for the broker or the result backend, by cause. */
export class Waits {
  readonly #parts: WaitsParts;
  /** By code of the error. */
  readonly #logged = new Map<string, number>();
  readonly #waiting = new Map<Obstacle, number>();
  #all = 0;

  constructor(parts: WaitsParts) {
    this.#parts = parts;
  }

  /** One more operation waits after `error`; the returned function ends its wait, and is called once. */
  begin(error: Error): () => void {
    this.#all += 1;
    this.#log(error);
    const obstacle = obstacleOf(error);
    if (obstacle !== null) this.#count(obstacle, error);
    return () => {
      this.#all -= 1;
      if (obstacle !== null) this.#uncount(obstacle);
    };
  }

  #count(obstacle: Obstacle, { message }: Error): void {
    this.#waiting.set(obstacle, (this.#waiting.get(obstacle) ?? 0) + 1);
    this.#parts.onObstacle(obstacle, message);
  }

  #uncount(obstacle: Obstacle): void {
    const left = (this.#waiting.get(obstacle) ?? 1) - 1;
    this.#waiting.set(obstacle, left);
    if (left === 0) this.#parts.onCleared(obstacle);
  }

  #log(error: Error): void {
    const { clock, log } = this.#parts;
    const code = "code" in error ? String(error.code) : error.name;
    log.debug("an operation is tried again", { code, error: error.message });
    const now = clock.monotonicMs();
    if (now - (this.#logged.get(code) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    this.#logged.set(code, now);
    log.warn("tasks wait to be settled", { code, error: error.message, waiting: this.#all });
  }
}
