import type { Delivery, Subscription } from "../../ports/transport.ts";

/** Deliveries in the order they came, to be waited for. */
export class Inbox {
  subscription: Subscription | null = null;
  readonly #waiting: Delivery[] = [];
  #wake: () => void = () => {};

  add(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#wake();
  }

  /** How many came and were not taken. */
  get size(): number {
    return this.#waiting.length;
  }

  /** The next delivery; rejects after ten seconds without one. */
  async next(): Promise<Delivery> {
    for (;;) {
      const delivery = this.#waiting.shift();
      if (delivery !== undefined) return delivery;
      await waitAtMost(10_000, "a delivery", (wake) => (this.#wake = wake));
    }
  }

  /** The next `count` deliveries. */
  async take(count: number): Promise<Delivery[]> {
    const taken: Delivery[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  async cancel(): Promise<void> {
    await this.subscription?.cancel();
  }
}

/** Resolves when the function given to `start` is called; rejects when that takes longer than `timeoutMs`. */
export function waitAtMost(timeoutMs: number, what: string, start: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Waited ${timeoutMs} ms in vain for ${what}`)), timeoutMs);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
