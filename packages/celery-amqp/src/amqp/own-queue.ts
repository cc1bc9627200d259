import type { BindingDeclaration, QueueDeclaration, BrokerTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import { isQueueAway, replyCode } from "./errors.ts";

/** How long an own queue may be unavailable before its subscription takes another name. */
const stuckMs = 1_000;

/**
 * The name of a queue that belongs to one subscription. The name changes where the broker keeps it for a node that is
 * down: RabbitMQ 4.3 answers 405 for an exclusive queue, and does not answer for others.
 */
export class OwnName {
  #topology: BrokerTopology;
  readonly #first: string;
  #count = 1;
  #wasOpen = false;
  #stuckAt = Number.NaN;

  /** @param topology - its first queue is the own queue */
  constructor(topology: BrokerTopology) {
    this.#topology = topology;
    this.#first = this.queue;
  }

  get topology(): BrokerTopology {
    return this.#topology;
  }

  get queue(): string {
    return this.#topology.queues[0]?.name ?? "";
  }

  /** It is consumed. */
  onOpened(): void {
    this.#wasOpen = true;
    this.#stuckAt = Number.NaN;
  }

  /** Whether to take another name, at `now` on the monotonic clock, after an attempt that failed with `error`. */
  isStuck(error: unknown, now: number): boolean {
    if (error instanceof CeleryError && error.code === "rpc-timeout") return true;
    // At first another process of the same name may have the queue; later the broker still has this one's.
    if (!isQueueAway(error) && !(this.#wasOpen && replyCode(error) === 405)) return false;
    if (Number.isNaN(this.#stuckAt)) this.#stuckAt = now;
    return now - this.#stuckAt >= stuckMs;
  }

  /** Takes another name, in bindings too. */
  rename(): void {
    const from = this.queue;
    this.#count += 1;
    const to = `${this.#first}.${this.#count}`;
    const { exchanges, queues, bindings } = this.#topology;
    const ofQueue = (queue: QueueDeclaration): QueueDeclaration =>
      queue.name === from ? { ...queue, name: to } : queue;
    const ofBinding = (binding: BindingDeclaration): BindingDeclaration =>
      binding.destination === from ? { ...binding, destination: to } : binding;
    this.#stuckAt = Number.NaN;
    this.#topology = { exchanges, queues: queues.map(ofQueue), bindings: bindings.map(ofBinding) };
  }
}
