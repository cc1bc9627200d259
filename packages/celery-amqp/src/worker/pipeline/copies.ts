import type { TaskMessage } from "@leveret/celery-protocol";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery } from "../../ports/transport.ts";
import type { Reservation } from "./reservation.ts";

/** What recognizing copies takes. */
export interface CopiesHost {
  /** Whether a task with this key runs here, or waits to be settled. */
  readonly isHere: (key: string) => boolean;
  /** Runs a copy after all: its original was not acked. */
  readonly next: (reservation: Reservation) => void;
}

/** So many tasks whose ack was lost are remembered, the newest ones. */
const remembered = 10_000;

/** Longer keys are not remembered: with the number this bounds the memory to some megabytes. */
const longestKey = 512;

/**
 * Recognizes messages that the broker delivers again while their task runs here, or after it has ended here and its ack was
 * lost with the channel: the broker's `consumer_timeout`, a lost connection. Such a copy waits for its original, and is
 * acked without a second run.
 */
export class Copies {
  readonly #log: Logger;
  #host: CopiesHost = { isHere: () => false, next: () => {} };
  readonly #lost = new WeakSet<Delivery>();
  readonly #ended = new Set<string>();
  readonly #waiting = new Map<string, Reservation[]>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Sets the tasks whose copies are recognized. */
  serve(host: CopiesHost): void {
    this.#host = host;
  }

  /** The ack of this delivery did not reach the broker. */
  onAckLost(delivery: Delivery): void {
    this.#lost.add(delivery);
  }

  /** True: it is a copy, and is settled with its original. */
  take(reservation: Reservation): boolean {
    if (!reservation.request.redelivered) return false;
    const key = keyOf(reservation.request.task);
    if (this.#ended.has(key)) {
      this.#settle(reservation);
      return true;
    }
    if (!this.#host.isHere(key)) return false;
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), reservation]);
    return true;
  }

  /** A task has left: its copies are acked where it was, and run where it was not. */
  onLeft({ request: { task }, delivery }: Reservation): void {
    const isLost = this.#lost.has(delivery);
    if (!isLost && this.#waiting.size === 0) return;
    const key = keyOf(task);
    if (isLost) this.#remember(key);
    const copies = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const copy of copies) {
      if (isLost) this.#settle(copy);
      else this.#host.next(copy);
    }
  }

  /** Lets go of the copies that `matches` picks, and returns them. */
  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    const released: Reservation[] = [];
    for (const [key, copies] of this.#waiting) {
      const left = copies.filter((copy) => !matches(copy));
      released.push(...copies.filter(matches));
      if (left.length > 0) this.#waiting.set(key, left);
      else this.#waiting.delete(key);
    }
    return released;
  }

  #settle({ request: { task }, delivery }: Reservation): void {
    this.#log.info("a copy of a task that has ended here is acked without a second run", {
      task: task.task,
      id: task.id,
    });
    delivery.ack();
  }

  #remember(key: string): void {
    if (key.length > longestKey) return;
    this.#ended.add(key);
    if (this.#ended.size <= remembered) return;
    const [oldest] = this.#ended;
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}

/** One attempt of one task: a retry and a replacement have the same id and are no copies. */
export function keyOf({ id, task, retries, eta }: TaskMessage): string {
  return [id, task, retries, eta === null ? "" : eta.epochMs].join("\n");
}
