import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import type { Clock } from "../../ports/clock.ts";
import { CeleryError } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery, SubscribeOptions, Subscription, Transport } from "../../ports/transport.ts";
import type { DeclarePolicy, ResolvedQueue } from "../../send/queues.ts";
import { ConsumerGroup } from "./consumer-group.ts";
import { calmMs, isCautious, livesAfter } from "../rules/caution.ts";
import { morePrefetch } from "../rules/prefetch.ts";

/** What consuming needs of the worker. */
export interface ConsumerParts {
  readonly transport: Transport;
  readonly queue: ResolvedQueue;
  /** Unacked messages at most, beside those that wait for their eta. */
  readonly prefetch: number;
  /** Tasks that wait for their eta in memory at most. */
  readonly scheduledLimit: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Consuming stopped against our will: what has not begun comes again. */
  readonly onLost: (queue: string) => void;
  /** It consumes, or consumes again: the queue may have been made anew. Never rejects. */
  readonly onConsumed: (queue: string) => Promise<void>;
}

const lookAgainMs = 500;

/**
 * The consumers of one queue. The first group holds as many messages as may run at once; each task that waits for its eta
 * counts against that prefetch, so further consumers are added for them, and cancelled when no task waits.
 */
export class QueueConsumer {
  readonly #parts: ConsumerParts;
  readonly #group: ConsumerGroup;
  readonly #extra: Subscription[] = [];
  #declare: DeclarePolicy;
  #prefetch: number;
  #waiting = 0;
  #added = 0;
  #adjusting: Promise<void> = Promise.resolve();
  #isStarted = false;
  #cancelled = false;
  #warned = false;
  #isLookedFor = false;
  /** How often its consumers were to change. */
  #changes = 0;
  /** Short lives of its consumers in a row. */
  #shortLives = 0;
  #endCaution: () => void = () => {};
  /** Since when it consumes, by the monotonic clock; null while it does not. */
  #since: number | null = null;

  constructor(parts: ConsumerParts) {
    const { queue, prefetch } = parts;
    this.#parts = parts;
    this.#prefetch = prefetch;
    this.#declare = queue.place?.isFormer === true ? "passive" : (queue.declare ?? "active");
    this.#group = new ConsumerGroup({
      subscribe: (size) => this.#subscribe(size),
      isSingleActive: queue.consuming.isSingleActive,
    });
  }

  /**
   * Declares the queue and begins to consume. Without the permission to declare, or with arguments that no option asks for, the
   * queue is taken as it is. A former shard that is gone is let go.
   *
   * @throws CeleryError as `subscribe` does
   */
  async start(): Promise<void> {
    try {
      await this.#group.open(this.#prefetch);
    } catch (error) {
      if (!(error instanceof CeleryError)) throw error;
      if (this.#isFormer && error.code === "not-found") await this.#letGo();
      else if (this.#declare === "active" && isTakenAsItIs(error, this.#parts.queue)) await this.#startAsItIs(error);
      else throw error;
    }
    this.#isStarted = true;
    this.#onConsuming();
    await this.#parts.onConsumed(this.#parts.queue.name);
  }

  /** Whether the broker has all of its consumers; of a former shard that is gone none is wanted. */
  get isConsuming(): boolean {
    if (this.#isFormer && this.#cancelled) return true;
    return this.#group.isConsuming && this.#extra.every((subscription) => subscription.isConsuming);
  }

  /** Takes nothing more; what was delivered may still be settled. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    this.#endCaution();
    await this.#group.cancel();
    await this.#adjusting;
    await this.#cancelExtra();
  }

  /** Holds so many messages from now on, fewer as soon as those at hand are settled. Rejects with what the broker answers. */
  async resize(prefetch: number): Promise<void> {
    this.#prefetch = prefetch;
    if (this.#isStarted && !this.#cancelled && !isCautious(this.#shortLives)) await this.#group.resize(prefetch);
  }

  /** Cancels the consumers until `wake`. Resolves when the deliveries in transit have arrived. Never rejects. */
  async quiet(): Promise<void> {
    this.#changes += 1;
    await this.#adjusting;
    this.#added = 0;
    await Promise.all([this.#group.quiet(), this.#cancelExtra()]);
  }

  /** Consumes again. Never rejects. */
  async wake(): Promise<void> {
    await this.#insist(() => this.#group.wake());
  }

  /** Tries on where the broker refuses, until another change is wanted. A queue that may no longer be declared is taken as it is. */
  async #insist(change: () => Promise<void>): Promise<void> {
    this.#changes += 1;
    const { clock } = this.#parts;
    const mine = this.#changes;
    for (let isFirst = true; mine === this.#changes && !this.#cancelled; isFirst = false) {
      try {
        await change();
        return this.#onConsuming();
      } catch (error) {
        if (isFirst) this.#complain(error);
        if (error instanceof CeleryError && error.code === "access-refused" && this.#declare === "active")
          this.#declare = "passive";
        await new Promise<void>((resolve) => clock.setTimer(lookAgainMs, resolve));
      }
    }
  }

  async #cancelExtra(): Promise<void> {
    await Promise.all(this.#extra.splice(0).map((subscription) => subscription.cancel()));
  }

  /** Adds prefetch for tasks that wait, one consumer at a time. */
  onReserved(held: number): void {
    if (this.#parts.queue.consuming.isSingleActive) return; // a second consumer would bring nothing
    this.#waiting = held;
    if (isCautious(this.#shortLives)) return;
    if (held > this.#added || (held === 0 && this.#added > 0)) {
      this.#adjusting = this.#adjusting.then(() => this.#adjust()).catch((error: unknown) => this.#complain(error));
    }
  }

  async #adjust(): Promise<void> {
    if (this.#cancelled) return;
    const { scheduledLimit, queue } = this.#parts;
    if (this.#waiting === 0) {
      this.#added = 0;
      await this.#cancelExtra();
      return;
    }
    const prefetch = morePrefetch(this.#waiting, this.#added, scheduledLimit);
    if (prefetch > 0) {
      this.#extra.push(await this.#subscribe(prefetch));
      this.#added += prefetch;
    } else if (this.#waiting > this.#added && !this.#warned) {
      this.#warned = true;
      this.#parts.log.warn("the limit of scheduled tasks is reached: other tasks of the queue may have to wait", {
        queue: queue.name,
        scheduledLimit,
      });
    }
  }

  get #isFormer(): boolean {
    return this.#parts.queue.place?.isFormer === true;
  }

  async #letGo(): Promise<void> {
    this.#parts.log.info("a former shard is gone, it is not served any longer", { queue: this.#parts.queue.name });
    await this.cancel();
  }

  async #startAsItIs(refusal: CeleryError): Promise<void> {
    const { queue, log } = this.#parts;
    this.#declare = "passive";
    try {
      await this.#group.open(this.#prefetch);
      log.info("the queue exists and is used as it is", { queue: queue.name, reason: refusal.message });
    } catch (error) {
      if (!(error instanceof CeleryError) || error.code !== "not-found") throw error;
      throw new CeleryError(
        refusal.code,
        `The queue does not exist and cannot be declared: "${queue.name}" (${refusal.message}) Declare it by other means, or give this user the permission.`,
        { cause: refusal },
      );
    }
  }

  #subscribe(prefetch: number): Promise<Subscription> {
    const { transport, queue, onDelivery, onConsumed } = this.#parts;
    const { consumerPriority } = queue.consuming;
    return transport.subscribe(
      {
        queue: queue.name,
        prefetch,
        ...declarationOf(queue, this.#declare),
        ...(consumerPriority !== null && { arguments: { "x-priority": consumerPriority } }),
        onLost: () => this.#onLost(),
        onRestored: () => {
          this.#onConsuming();
          void onConsumed(queue.name);
        },
      },
      onDelivery,
    );
  }

  #onConsuming(): void {
    this.#since ??= this.#parts.clock.monotonicMs();
  }

  /** All of its consumers are lost with their connection: the first of them counts. */
  #onLost(): void {
    const { queue, onLost, clock } = this.#parts;
    onLost(queue.name);
    if (this.#since !== null) {
      this.#shortLives = livesAfter(this.#shortLives, clock.monotonicMs() - this.#since);
      this.#since = null;
      if (isCautious(this.#shortLives)) void this.#beCautious();
    }
    if (this.#isFormer && !this.#isLookedFor) void this.#lookForIt();
  }

  /** Takes one message at a time until all has been well for a while: a message that cuts the connection then cuts it alone. */
  async #beCautious(): Promise<void> {
    const { clock, log, queue } = this.#parts;
    log.warn("the connection is lost again and again: one message is taken at a time", { queue: queue.name });
    this.#added = 0;
    this.#endCaution();
    this.#endCaution = clock.setTimer(calmMs, () => {
      if (this.#cancelled) return;
      this.#shortLives = 0;
      void this.#insist(() => this.#group.resize(this.#prefetch));
    });
    await Promise.all([this.#insist(() => this.#group.resize(1)), this.#cancelExtra()]);
  }

  /**
   * A former shard that was deleted should not be subscribed again and again. It may exist for a moment after its consumers
   * were cancelled (RabbitMQ 4.3), and the connection may be lost with it.
   */
  async #lookForIt(): Promise<void> {
    const { clock, queue, transport } = this.#parts;
    this.#isLookedFor = true;
    while (!this.#cancelled && !this.#group.isConsuming) {
      const found = await transport.inspectQueue(queue.name).catch(() => undefined);
      if (found === null) await this.#letGo();
      else await new Promise<void>((resolve) => clock.setTimer(lookAgainMs, resolve));
    }
    this.#isLookedFor = false;
  }

  #complain(error: unknown): void {
    this.#parts.log.error("cannot change the prefetch of a queue", {
      queue: this.#parts.queue.name,
      error: String(error),
    });
  }
}

function isTakenAsItIs(error: CeleryError, queue: ResolvedQueue): boolean {
  return error.code === "access-refused" || (error.code === "queue-mismatch" && !queue.isSpecified);
}

/** Asked for passively it is the queue alone: its exchange may be missing where others made it, and consuming does not need it. */
function declarationOf(
  { topology }: ResolvedQueue,
  declare: DeclarePolicy,
): Pick<SubscribeOptions, "topology" | "declare"> {
  if (declare === "off") return {};
  const queueAlone: BrokerTopology = { exchanges: [], queues: topology.queues, bindings: [] };
  return { declare, topology: declare === "passive" ? queueAlone : topology };
}
