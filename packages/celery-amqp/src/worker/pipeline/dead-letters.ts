import type { WireMessage } from "@leveret/celery-protocol";
import { deadQueue, type DeadQueueOptions, type QueueTopology } from "@leveret/celery-protocol/routing";
import { CeleryError, UnroutableError } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery, Transport } from "../../ports/transport.ts";
import { bareDeadLetterOf, deadLetterOf, droppedFrom, type DeadLetter } from "../rules/dead-letter.ts";

/** What publishes dead letters. */
export interface DeadLetterParts {
  readonly transport: Transport;
  readonly nodeName: string;
  readonly log: Logger;
  readonly bounds: DeadQueueOptions;
  readonly now: () => number;
  /** The queue of tasks that a queue belongs to: shards share a dead queue. */
  readonly logicalName: (queue: string) => string;
}

/**
 * The dead queues of one worker: `<queue>.dead`, declared when first needed. A message goes there with
 * headers with the reason, beside its own.
 */
export class DeadLetters {
  readonly #parts: DeadLetterParts;
  readonly #declared = new Map<string, Promise<void>>();

  constructor(parts: DeadLetterParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the broker has confirmed the dead letter. A dead queue that was deleted meanwhile is made again. Rejects
   * as `declare` and `publish` do.
   */
  async put(delivery: Delivery, letter: DeadLetter): Promise<void> {
    const topology = this.#topologyFor(delivery.queue);
    try {
      await this.#publishTo(topology, delivery, letter);
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      this.#declared.delete(topology.queue);
      await this.#publishTo(topology, delivery, letter);
    }
  }

  /** Name of the dead queue for what comes from this queue. */
  nameFor(queue: string): string {
    return this.#topologyFor(queue).queue;
  }

  #topologyFor(queue: string): QueueTopology {
    return deadQueue(this.#parts.logicalName(queue), this.#parts.bounds);
  }

  /** Headers that AMQP cannot carry are dropped: a body can be run again without them. */
  async #publishTo(topology: QueueTopology, delivery: Delivery, letter: DeadLetter): Promise<void> {
    const { nodeName, now } = this.#parts;
    const facts = { nodeName, now: now() };
    await this.#declare(topology);
    try {
      await this.#publish(deadLetterOf(delivery, letter, facts), topology.queue);
    } catch (error) {
      if (!(error instanceof CeleryError) || !ofItsHeaders.has(error.code)) throw error;
      await this.#publish(bareDeadLetterOf(delivery, letter, facts), topology.queue);
    }
  }

  async #publish(message: WireMessage, queue: string): Promise<void> {
    await this.#parts.transport.publisher.publish(message, { exchange: "", routingKey: queue });
    const dropped = droppedFrom(message);
    if (dropped === null) return;
    this.#parts.log.warn("a dead letter was kept without some of its headers", { queue, dropped });
  }

  #declare(topology: QueueTopology): Promise<void> {
    const known = this.#declared.get(topology.queue);
    if (known !== undefined) return known;
    const declaring = this.#declareOnce(topology);
    this.#declared.set(topology.queue, declaring);
    declaring.catch(() => this.#declared.delete(topology.queue));
    return declaring;
  }

  /** Someone else may have made the queue with other bounds, or only be allowed to: then it is taken as it is. */
  async #declareOnce(topology: QueueTopology): Promise<void> {
    try {
      await this.#parts.transport.declare(topology);
    } catch (error) {
      if (!(error instanceof CeleryError) || !takenAsItIs.has(error.code)) throw error;
      await this.#parts.transport.declare(topology, "passive");
    }
  }
}

const takenAsItIs: ReadonlySet<string> = new Set(["queue-mismatch", "access-refused"]);

const ofItsHeaders: ReadonlySet<string> = new Set(["message-too-large", "encode-failed"]);
