import {
  deadQueue,
  formatIso,
  type DeadQueueOptions,
  type QueueTopology,
  type WireMessage,
} from "@leveret/celery-protocol";
import { CeleryError, UnroutableError } from "../../ports/errors.ts";
import type { Delivery, Transport } from "../../ports/transport.ts";
import { sentTo } from "../rules/arrival.ts";
import type { Effect } from "../rules/effect.ts";

type DeadLetter = Extract<Effect, { readonly do: "dead-letter" }>;

/** Longest error text that goes into a header: a header table has to fit into one frame. */
const longestError = 1_000;

/** The innermost frames come first and tell the most. */
const longestTraceback = 8_000;

/** Who puts dead letters away. */
export interface DeadLetterParts {
  readonly transport: Transport;
  readonly nodeName: string;
  readonly bounds: DeadQueueOptions;
  readonly now: () => number;
  /** The queue of tasks that a queue belongs to: shards share a dead queue, which is one place to look. */
  readonly logicalName: (queue: string) => string;
}

/**
 * The dead queues of one worker: `<queue>.dead`, declared when first needed. A message goes there unchanged, with headers
 * that say why, beside those it has.
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
    const publish = async (): Promise<void> => {
      await this.#declare(topology);
      await this.#publish(this.#addressed(delivery, letter), topology.queue);
    };
    try {
      await publish();
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      this.#declared.delete(topology.queue);
      await publish();
    }
  }

  /** Name of the dead queue for what comes from this queue. */
  nameFor(queue: string): string {
    return this.#topologyFor(queue).queue;
  }

  #topologyFor(queue: string): QueueTopology {
    return deadQueue(this.#parts.logicalName(queue), this.#parts.bounds);
  }

  #publish(message: WireMessage, queue: string): Promise<void> {
    return this.#parts.transport.publisher.publish(message, { exchange: "", routingKey: queue });
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

  /** Its time to live was meant for the work queue; here it would make the message vanish. */
  #addressed(delivery: Delivery, { reason, error, traceback, attempts }: DeadLetter): WireMessage {
    const { message, queue } = delivery;
    const { nodeName, now } = this.#parts;
    const address = sentTo(delivery);
    const headers = {
      ...message.headers,
      "x-leveret-reason": reason,
      "x-leveret-error": error.slice(0, longestError),
      ...(traceback === null ? {} : { "x-leveret-traceback": traceback.slice(0, longestTraceback) }),
      "x-leveret-attempts": attempts,
      "x-leveret-worker": nodeName,
      "x-leveret-time": formatIso(now()),
      "x-leveret-queue": queue,
      "x-leveret-exchange": address.exchange,
      "x-leveret-routing-key": address.routingKey,
    };
    const { expirationMs: _, ...properties } = message.properties;
    return { ...message, headers, properties };
  }
}

const takenAsItIs: ReadonlySet<string> = new Set(["queue-mismatch", "access-refused"]);
