import type { Clock } from "../../ports/clock.ts";

/** How long a reply queue that takes nothing is remembered without another try. */
const rememberedMs = 30_000;

/** More are not remembered: the oldest is forgotten, and is tried like any other. */
const limit = 1_000;

interface BadQueue {
  until: number;
  isTried: boolean;
}

/** Reply queues that took no result lately: their node may be down. One result at a time tries such a queue. */
export class BadQueues {
  readonly #clock: Clock;
  readonly #queues = new Map<string, BadQueue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How to send the next result: as always; without waiting, as the one that tries; or not at all. */
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

  /** It took a result. */
  onTaken(queue: string): void {
    if (this.#queues.size > 0) this.#queues.delete(queue);
  }

  /** It took none. True: that is news. */
  onFailed(queue: string): boolean {
    const isNew = !this.#queues.delete(queue);
    this.#queues.set(queue, { until: this.#clock.monotonicMs() + rememberedMs, isTried: false });
    const [oldest] = this.#queues.keys();
    if (oldest !== undefined && this.#queues.size > limit) this.#queues.delete(oldest);
    return isNew;
  }
}
