import type { Address, TaskMessage, WireMessage } from "@leveret/celery-protocol";
import { CeleryError } from "../../ports/errors.ts";
import type { Delivery, Publisher } from "../../ports/transport.ts";
import { counted, republished, uncounted } from "../rules/arrival.ts";
import { offeredMessage, offerSeconds } from "../rules/offer.ts";
import { parkingSeconds, parkingSecondsUntil } from "../rules/park.ts";
import type { DelayQueues } from "./delay-queues.ts";
import type { ReservedCounts } from "./reserved-counts.ts";
import type { Inflight } from "./inflight.ts";
import { BrokerAway, withRetries, type RetryBudget } from "./retry-budget.ts";

/** What publishing again needs of the worker. */
export interface RepublishParts extends RetryBudget {
  readonly publisher: Publisher;
  readonly delayQueues: DelayQueues;
  readonly held: ReservedCounts;
  readonly inflight: Inflight;
  /** How long a task that is unknown here is offered to others. */
  readonly unknownTaskGraceMs: number;
}

/**
 * Publishes a message again with a change: delivered later, to other workers, or counted. The delivery is acked when the
 * broker has confirmed the copy; many copies are in progress at once. Each method returns false where the change does not
 * apply, and calls `otherwise` where the publish is impossible.
 */
export class Republisher {
  readonly #parts: RepublishParts;
  /** How often the consumer of a queue was lost: what it had brought comes again by itself. */
  readonly #losses = new Map<string, number>();

  constructor(parts: RepublishParts) {
    this.#parts = parts;
  }

  /** Moves a task that is due later to the delay queues, so that no message stays unacked for long. */
  park(delivery: Delivery, task: TaskMessage, otherwise: () => void): boolean {
    const { clock } = this.#parts;
    if (task.eta === null || parkingSeconds(task, clock.now()) === null) return false;
    const message = republished(delivery);
    void this.#start(delivery, otherwise, () =>
      this.#delay(message, delivery.queue, parkingSeconds(task, clock.now())),
    );
    return true;
  }

  /** Leaves a task to the broker until a time that is none of its own. */
  postpone(delivery: Delivery, until: number, otherwise: () => void): boolean {
    const { clock } = this.#parts;
    const seconds = (): number | null => parkingSecondsUntil(until, clock.now());
    if (seconds() === null) return false;
    const message = republished(delivery);
    void this.#start(delivery, otherwise, () => this.#delay(message, delivery.queue, seconds()));
    return true;
  }

  /** Lets other workers have a task that is unknown here, after a while. */
  offer(delivery: Delivery, otherwise: () => void): boolean {
    const { clock, unknownTaskGraceMs } = this.#parts;
    const seconds = offerSeconds(delivery, clock.now(), unknownTaskGraceMs);
    if (seconds === null) return false;
    const message = offeredMessage(delivery, clock.now());
    void this.#start(delivery, otherwise, () => this.#delay(message, delivery.queue, seconds));
    return true;
  }

  /**
   * Publishes a suspect anew with its next run counted. Resolves when it is over: the broker has confirmed the copy and
   * taken the ack, or has the message still.
   */
  count(delivery: Delivery, otherwise: () => void): Promise<void> {
    return this.#replace(delivery, counted(delivery), otherwise);
  }

  /** The same without counting a run: the message may wait anywhere. */
  renew(delivery: Delivery, otherwise: () => void): Promise<void> {
    return this.#replace(delivery, uncounted(delivery), otherwise);
  }

  /** The same for a message that was not run and goes to others: a run that was counted stays counted, and unused. */
  pass(delivery: Delivery, otherwise: () => void): Promise<void> {
    return this.#replace(delivery, republished(delivery), otherwise);
  }

  /** What came from this queue comes again: it is not published any more. */
  forget(queue: string): void {
    this.#losses.set(queue, this.#lossesOf(queue) + 1);
  }

  /**
   * A delivery whose channel is gone already is not copied: a message that cuts its connection would become two each time.
   * What is left is a channel that goes between the publish and the ack; then there is one message more.
   */
  #replace(delivery: Delivery, message: WireMessage, otherwise: () => void): Promise<void> {
    const to = { exchange: "", routingKey: delivery.queue };
    const attempt = async (): Promise<Disposition> => ((await delivery.sync()) ? this.#publish(message, to) : "lost");
    return this.#start(delivery, otherwise, attempt).then(async () => void (await delivery.sync()));
  }

  #start(delivery: Delivery, otherwise: () => void, attempt: () => Promise<Disposition>): Promise<void> {
    const { held, inflight } = this.#parts;
    held.begin(delivery.queue);
    inflight.begin();
    return this.#finish(delivery, otherwise, attempt).finally(() => {
      held.end(delivery.queue);
      inflight.end();
    });
  }

  async #finish(delivery: Delivery, otherwise: () => void, attempt: () => Promise<Disposition>): Promise<void> {
    const disposition = await this.#withRetries(delivery.queue, attempt);
    if (disposition === "gone") delivery.ack();
    else if (disposition === "lost") delivery.reject({ requeue: true, isCounted: false });
    else otherwise();
  }

  async #withRetries(queue: string, attempt: () => Promise<Disposition>): Promise<Disposition> {
    const losses = this.#lossesOf(queue);
    let disposition: Disposition = "stays";
    try {
      await withRetries(
        async () => {
          disposition = losses === this.#lossesOf(queue) ? await attempt() : "lost";
        },
        "republish",
        this.#parts,
      );
      return disposition;
    } catch (error) {
      return error instanceof BrokerAway ? "lost" : "stays";
    }
  }

  /** Someone may have deleted what was declared; then it is declared again, once. */
  async #delay(message: WireMessage, queue: string, seconds: number | null): Promise<Disposition> {
    const { delayQueues } = this.#parts;
    if (seconds === null) return "stays";
    try {
      return await this.#publish(message, await delayQueues.addressFor(queue, seconds));
    } catch (error) {
      if (!isMissing(error)) throw error;
      delayQueues.forget();
      return await this.#publish(message, await delayQueues.addressFor(queue, seconds));
    }
  }

  async #publish(message: WireMessage, to: Address | null): Promise<Disposition> {
    if (to === null) return "stays";
    await this.#parts.publisher.publish(message, to);
    return "gone";
  }

  #lossesOf(queue: string): number {
    return this.#losses.get(queue) ?? 0;
  }
}

/** `lost`: its delivery is, or the broker; it comes again by itself. `stays`: it cannot be published, or need not any more. */
type Disposition = "gone" | "stays" | "lost";

function isMissing(error: unknown): boolean {
  return error instanceof CeleryError && (error.code === "unroutable" || error.code === "not-found");
}
