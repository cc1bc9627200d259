import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

/** The least time between two log lines. */
const REST_MS = 60_000;

/** Counts unreadable messages of one queue that are dropped: logs one line a minute, with the number since the last. */
export class PassedOver {
  readonly #queue: string;
  readonly #parts: { readonly clock: Clock; readonly logger: Logger };
  #count = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(queue: string, parts: { readonly clock: Clock; readonly logger: Logger }) {
    this.#queue = queue;
    this.#parts = parts;
  }

  note(reason: string): void {
    this.#count += 1;
    const now = this.#parts.clock.monotonicMs();
    if (now - this.#loggedAt < REST_MS) return;
    this.#parts.logger.warn("messages with unreadable headers are dropped", {
      queue: this.#queue,
      reason,
      messages: this.#count,
    });
    this.#loggedAt = now;
    this.#count = 0;
  }
}
