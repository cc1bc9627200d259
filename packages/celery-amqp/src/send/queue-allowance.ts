/** Time after which one more declaration is allowed. */
const refillMs = 60_000;

/**
 * Limits the declarations of queues that only messages name: a number at once, and one more each minute. A sender of
 * invented names cannot fill the broker with queues.
 */
export class QueueAllowance {
  readonly #most: number;
  readonly #monotonicMs: () => number;
  #left: number;
  #since: number;

  constructor(most: number, monotonicMs: () => number) {
    this.#most = most;
    this.#monotonicMs = monotonicMs;
    this.#left = most;
    this.#since = monotonicMs();
  }

  /** Takes one declaration; false where none is left. */
  take(): boolean {
    const refills = Math.floor((this.#monotonicMs() - this.#since) / refillMs);
    this.#left = Math.min(this.#most, this.#left + refills);
    this.#since += refills * refillMs;
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
