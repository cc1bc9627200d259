import type { Clock } from "../../ports/clock.ts";

/** How long a reply queue that refused a result gets none, in milliseconds. */
const rememberedMs = 30_000;

/** Beyond this number the oldest is forgotten. */
const limit = 1_000;

interface BadQueue {
  until: number;
  isTried: boolean;
}

/**
 * Reply queues that refused a result lately: their node may be down. Such a queue is retried with one result at a time.
 */
export class BadQueues {
  readonly #clock: Clock;
  readonly #queues = new Map<string, BadQueue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How to send the next result: normally, as a try without waiting, or not at all. */
  ask(queue: string): "send" | "try" | "drop" {
    if (this.#queues.size === 0) return "send";
    const bad = this.#queues.get(queue);
    if (bad === undefined) return "send";
    if (bad.until <= this.#clock.monotonicMs()) {
      this.#queues.delete(queue);
      return "send";
    }
    if (bad.isTried) return "drop";
    bad.isTried = true;
    return "try";
  }

  /** The queue accepted a result. */
  onTaken(queue: string): void {
    if (this.#queues.size > 0) this.#queues.delete(queue);
  }

  /** The queue refused a result. True: for the first time. */
  onFailed(queue: string): boolean {
    const isNew = !this.#queues.delete(queue);
    this.#queues.set(queue, { until: this.#clock.monotonicMs() + rememberedMs, isTried: false });
    const [oldest] = this.#queues.keys();
    if (oldest !== undefined && this.#queues.size > limit) this.#queues.delete(oldest);
    return isNew;
  }
}
