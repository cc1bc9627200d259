import type { Clock } from "../../ports/clock.ts";
import type { Delivery } from "../../ports/transport.ts";
import { pauseBeforeRequeue } from "../rules/pause.ts";
import type { ReservedCounts } from "./reserved-counts.ts";

/** What giving back needs of the worker. */
export interface RequeueParts {
  readonly clock: Clock;
  readonly held: ReservedCounts;
}

/** Messages whose returns are remembered; of more, the least recently returned is forgotten. */
const limit = 1_000;

/**
 * Gives deliveries back to their queues after a pause that grows with each return. Meanwhile a delivery is unsettled, and
 * does not count against the prefetch of others.
 */
export class Requeue {
  readonly #parts: RequeueParts;
  readonly #waiting = new Map<Delivery, () => void>();
  /** How often each message was returned; the last returned is the last. */
  readonly #returns = new Map<string, number>();
  #isClosed = false;

  constructor(parts: RequeueParts) {
    this.#parts = parts;
  }

  /** Gives a delivery back, later: a run of it failed, and is counted. */
  later(delivery: Delivery): void {
    if (this.#isClosed) {
      delivery.reject({ requeue: true });
      return;
    }
    const { clock, held } = this.#parts;
    held.begin(delivery.queue);
    this.#waiting.set(
      delivery,
      clock.setTimer(pauseBeforeRequeue(delivery, this.#countReturn(delivery)), () => this.#returnToQueue(delivery)),
    );
  }

  /** Requeues waiting messages at once: the consumer of their queue is gone. */
  release(queue: string): void {
    for (const delivery of this.#waiting.keys()) if (delivery.queue === queue) this.#returnToQueue(delivery);
  }

  /** Requeues waiting messages at once, and later ones too. */
  close(): void {
    this.#isClosed = true;
    for (const delivery of this.#waiting.keys()) this.#returnToQueue(delivery);
  }

  /** How often the message was returned before. */
  #countReturn(delivery: Delivery): number {
    const key = keyOf(delivery);
    const returns = this.#returns.get(key) ?? 0;
    this.#returns.delete(key);
    this.#returns.set(key, returns + 1);
    const [oldest] = this.#returns.keys();
    if (oldest !== undefined && this.#returns.size > limit) this.#returns.delete(oldest);
    return returns;
  }

  #returnToQueue(delivery: Delivery): void {
    this.#waiting.get(delivery)?.();
    this.#waiting.delete(delivery);
    this.#parts.held.end(delivery.queue);
    delivery.reject({ requeue: true });
  }
}

/** Messages without an id share one. */
function keyOf({ queue, message }: Delivery): string {
  return `${queue}\n${message.properties.correlationId ?? ""}`;
}
