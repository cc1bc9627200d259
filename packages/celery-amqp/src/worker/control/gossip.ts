import type { Content } from "@leveret/celery-protocol";
import { decodeEvents } from "@leveret/celery-protocol/events";
import { eventQueue } from "@leveret/celery-protocol/routing";
import { exclusively } from "../../control/exchanges.ts";
import type { Ids, Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery, Transport } from "../../ports/transport.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import { SteadySubscription } from "./steady-subscription.ts";

/** What gossiping takes. */
export interface GossipParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly worker: ControlledWorker;
}

/**
 * Receives the events of the other workers, as Celery's workers do, and adjusts its logical clock to theirs: monitors put the tasks of
 * all workers in order by it. Takes note of the elections that Python workers call: each of them waits until as many workers
 * have done so as send heartbeats, and this one does. It never stands itself, so it is never elected. Source:
 * celery/worker/consumer/gossip.py.
 */
export class Gossip {
  readonly #parts: GossipParts;
  readonly #subscription: SteadySubscription;

  constructor(parts: GossipParts) {
    const { transport, clock, ids, log } = parts;
    this.#parts = parts;
    this.#subscription = new SteadySubscription({
      transport,
      clock,
      log,
      what: "events of other workers",
      topology: exclusively(eventQueue(ids.uuid(), { pattern: "worker.#" })),
      onDelivery: (delivery) => this.#receive(delivery),
    });
  }

  /** Resolves when it listens, or cannot yet. */
  start(): Promise<void> {
    return this.#subscription.start();
  }

  /** Safe to call twice. */
  stop(): void {
    this.#subscription.stop();
  }

  #receive({ message }: Delivery): void {
    const { content, log, worker } = this.#parts;
    try {
      for (const event of decodeEvents(message, content)) {
        if (event.hostname !== worker.nodeName) worker.logicalClock.adjust(event.clock);
        if (event.type === "worker-elect" && event.id !== undefined) worker.events?.acknowledgeElection(event.id);
      }
    } catch (error) {
      log.debug("a message of gossip is passed over", { reason: String(error) });
    }
  }
}
