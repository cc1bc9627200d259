import type { Clock } from "../../ports/clock.ts";
import type { Delivery } from "../../ports/transport.ts";
import { pauseBeforeRequeue } from "../rules/pause.ts";
import type { Held } from "./held.ts";

/** What giving back needs of the worker. */
export interface RequeueParts {
  readonly clock: Clock;
  readonly held: Held;
}

/**
 * Gives deliveries back to their queues after a pause that grows with each return. Meanwhile a delivery is unsettled, and
 * takes no place from others.
 */
export class Requeue {
  readonly #parts: RequeueParts;
  readonly #waiting = new Map<Delivery, () => void>();
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
      clock.setTimer(pauseBeforeRequeue(delivery), () => this.#giveBack(delivery)),
    );
  }

  /** Gives back at once what waits: the consumer of its queue is gone. */
  release(queue: string): void {
    for (const delivery of this.#waiting.keys()) if (delivery.queue === queue) this.#giveBack(delivery);
  }

  /** Gives back at once what waits, and what comes later. */
  close(): void {
    this.#isClosed = true;
    for (const delivery of this.#waiting.keys()) this.#giveBack(delivery);
  }

  #giveBack(delivery: Delivery): void {
    this.#waiting.get(delivery)?.();
    this.#waiting.delete(delivery);
    this.#parts.held.end(delivery.queue);
    delivery.reject({ requeue: true });
  }
}
