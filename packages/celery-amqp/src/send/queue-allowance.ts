/** How often one more is allowed. */
const refillMs = 60_000;

/**
 * How many queues that nothing but messages name may be declared: so many in a row, and one more each minute. A sender of
 * made-up names cannot fill the broker with queues that never go away.
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

  /** Whether one more may be declared, which counts. */
  take(): boolean {
    const refills = Math.floor((this.#monotonicMs() - this.#since) / refillMs);
    this.#left = Math.min(this.#most, this.#left + refills);
    this.#since += refills * refillMs;
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
