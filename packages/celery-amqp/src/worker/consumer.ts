import type { Topology } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { DeclareMode, Delivery, Subscription, Transport } from "../ports/transport.ts";
import type { ResolvedQueue } from "./queues.ts";
import { moreRoom, prefetchFor } from "./rules/prefetch.ts";

/** What consuming needs of the worker. */
export interface ConsumerParts {
  readonly transport: Transport;
  readonly queue: ResolvedQueue;
  readonly concurrency: number;
  /** Tasks waiting for their eta that are held at most. */
  readonly scheduledLimit: number;
  readonly log: Logger;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Consuming stopped against our will: what has not begun comes again. */
  readonly onLost: (queue: string) => void;
  /** It consumes again; the queue may have been made anew. */
  readonly onRestored: (queue: string) => void;
}

/**
 * The consumers of one queue. The first holds as many messages as may run at once; each task that waits for its eta takes
 * one of those places, so further consumers bring more, and leave when none waits any longer.
 */
export class QueueConsumer {
  readonly #parts: ConsumerParts;
  readonly #extra: Subscription[] = [];
  #first: Subscription | null = null;
  #declare: DeclareMode = "active";
  #held = 0;
  #room = 0;
  #adjusting: Promise<void> = Promise.resolve();
  #cancelled = false;
  #warned = false;

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
  }

  /**
   * Declares the queue and begins to consume. Without the right to declare, or with arguments that nobody asked for, the
   * queue is taken as it is.
   *
   * @throws CeleryError as `subscribe` does
   */
  async start(): Promise<void> {
    const prefetch = prefetchFor(this.#parts.concurrency);
    try {
      this.#first = await this.#subscribe(prefetch);
    } catch (error) {
      if (!(error instanceof CeleryError) || !isTakenAsItIs(error, this.#parts.queue)) throw error;
      this.#declare = "passive";
      this.#first = await this.#subscribeAsItIs(prefetch, error);
    }
  }

  /** Whether the broker has all of its consumers. */
  get isConsuming(): boolean {
    return this.#first?.isConsuming === true && this.#extra.every((subscription) => subscription.isConsuming);
  }

  /** Takes nothing more; what was delivered may still be settled. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    await this.#first?.cancel();
    await this.#adjusting;
    await this.#cancelExtra();
  }

  async #cancelExtra(): Promise<void> {
    await Promise.all(this.#extra.splice(0).map((subscription) => subscription.cancel()));
  }

  /** Makes room for tasks that wait, one consumer at a time. */
  onHeld(held: number): void {
    this.#held = held;
    if (held > this.#room || (held === 0 && this.#room > 0)) {
      this.#adjusting = this.#adjusting.then(() => this.#adjust()).catch((error: unknown) => this.#complain(error));
    }
  }

  async #adjust(): Promise<void> {
    if (this.#cancelled) return;
    const { scheduledLimit, queue } = this.#parts;
    if (this.#held === 0) {
      this.#room = 0;
      await this.#cancelExtra();
      return;
    }
    const room = moreRoom(this.#held, this.#room, scheduledLimit);
    if (room > 0) {
      this.#extra.push(await this.#subscribe(room));
      this.#room += room;
    } else if (this.#held > this.#room && !this.#warned) {
      this.#warned = true;
      this.#parts.log.warn("no more room for tasks that wait for their eta: others of the queue may have to wait too", {
        queue: queue.name,
        scheduledLimit,
      });
    }
  }

  async #subscribeAsItIs(prefetch: number, refusal: CeleryError): Promise<Subscription> {
    const { queue, log } = this.#parts;
    try {
      const subscription = await this.#subscribe(prefetch);
      log.info("the queue is taken as it is", { queue: queue.name, because: refusal.message });
      return subscription;
    } catch (error) {
      if (!(error instanceof CeleryError) || error.code !== "not-found") throw error;
      throw new CeleryError(
        refusal.code,
        `Queue "${queue.name}" does not exist and could not be declared: ${refusal.message}. Declare it by other means, or let this user do it`,
        { cause: refusal },
      );
    }
  }

  #subscribe(prefetch: number): Promise<Subscription> {
    const { transport, queue, onDelivery, onLost, onRestored } = this.#parts;
    return transport.subscribe(
      {
        queue: queue.name,
        prefetch,
        topology: this.#declare === "passive" ? onlyQueue(queue) : queue.topology,
        declare: this.#declare,
        onLost: () => onLost(queue.name),
        onRestored: () => onRestored(queue.name),
      },
      onDelivery,
    );
  }

  #complain(error: unknown): void {
    this.#parts.log.error("cannot make room for tasks that wait for their eta", {
      queue: this.#parts.queue.name,
      error: String(error),
    });
  }
}

function isTakenAsItIs(error: CeleryError, queue: ResolvedQueue): boolean {
  return error.code === "access-refused" || (error.code === "queue-mismatch" && !queue.isTyped);
}

/** Its exchange may be missing where others made it, and consuming does not need it. */
function onlyQueue({ topology }: ResolvedQueue): Topology {
  return { exchanges: [], queues: topology.queues, bindings: [] };
}
