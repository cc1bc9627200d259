import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery, Subscription, Transport } from "../../ports/transport.ts";

/** What a steady subscription is made of. */
export interface SteadyParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of its messages, for the log. */
  readonly what: string;
  /** Declares the queue that is consumed, its first. */
  readonly topology: BrokerTopology;
  readonly onDelivery: (delivery: Delivery) => void;
}

/** Pauses between attempts: the first, and what they grow to. */
const pauseMs = { first: 1_000, longest: 30_000 };

/** The longest that a start waits for the first attempt. */
const startMs = 1_000;

/**
 * A subscription that a worker can miss for a while: its start neither blocks nor fails the caller, and it is tried again
 * until it succeeds.
 */
export class SteadySubscription {
  readonly #parts: SteadyParts;
  #subscription: Subscription | null = null;
  #cancelTimer: () => void = () => {};
  #pauseMs = pauseMs.first;
  #isStopped = false;
  #lastReason = "";

  constructor(parts: SteadyParts) {
    this.#parts = parts;
  }

  /** Resolves after the first attempt, or when that takes long. */
  async start(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.setTimer(startMs, resolve);
    await Promise.race([this.#attempt(), late]);
    cancel();
  }

  /** Safe to call twice. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#subscription?.cancel().catch(() => {}); // the transport is closed next
    this.#subscription = null;
  }

  async #attempt(): Promise<void> {
    const { transport, topology, onDelivery } = this.#parts;
    const queue = topology.queues[0]?.name ?? "";
    try {
      const subscription = await transport.subscribe(
        { queue, prefetch: 0, noAck: true, topology, own: {} },
        onDelivery,
      );
      if (this.#isStopped) await subscription.cancel();
      else this.#subscription = subscription;
    } catch (error) {
      if (!this.#isStopped) this.#tryAgain(error);
    }
  }

  #tryAgain(error: unknown): void {
    const { clock, log, what } = this.#parts;
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#lastReason) log.warn("a subscription failed, trying again", { messages: what, reason });
    this.#lastReason = reason;
    this.#cancelTimer = clock.setTimer(this.#pauseMs, () => void this.#attempt());
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMs.longest);
  }
}
