import { CeleryError } from "../../ports/errors.ts";
import type { Publisher } from "../../ports/transport.ts";
import { parkedMessage, parkingSeconds } from "../rules/park.ts";
import type { DelayQueues } from "./delay-queues.ts";
import type { Held } from "./held.ts";
import type { Inflight } from "./inflight.ts";
import { BrokerAway, withPatience, type Patience } from "./patience.ts";
import type { Reservation } from "./reservation.ts";

/** What parking needs of the worker. */
export interface ParkingParts extends Patience {
  readonly publisher: Publisher;
  readonly delayQueues: DelayQueues;
  readonly held: Held;
  readonly inflight: Inflight;
}

/**
 * Leaves tasks that are due later to the broker, so that no message is held unacked for long (decision 5). Many are on
 * their way at once; each is acked when the broker has confirmed its other self.
 */
export class Parking {
  readonly #parts: ParkingParts;
  /** How often the consumer of a queue was lost: what it had brought comes again by itself. */
  readonly #losses = new Map<string, number>();

  constructor(parts: ParkingParts) {
    this.#parts = parts;
  }

  /** False: it is due soon. Otherwise the task is left to the broker, or goes on by `otherwise` where that cannot be. */
  park(reservation: Reservation, otherwise: () => void): boolean {
    if (parkingSeconds(reservation.request.task, this.#parts.clock.now()) === null) return false;
    void this.#park(reservation, otherwise);
    return true;
  }

  /** What came from this queue will come again: it is not parked any more. */
  forget(queue: string): void {
    this.#losses.set(queue, this.#lossesOf(queue) + 1);
  }

  async #park(reservation: Reservation, otherwise: () => void): Promise<void> {
    const { held, inflight } = this.#parts;
    const { queue } = reservation.request;
    held.begin(queue);
    inflight.begin();
    try {
      const outcome = await this.#publish(reservation);
      if (outcome === "parked") reservation.delivery.ack();
      else if (outcome === "lost") reservation.delivery.reject({ requeue: true });
      else otherwise();
    } catch (error) {
      if (error instanceof BrokerAway) reservation.delivery.reject({ requeue: true });
      else otherwise();
    } finally {
      held.end(queue);
      inflight.end();
    }
  }

  async #publish(reservation: Reservation): Promise<Parked> {
    const losses = this.#lossesOf(reservation.request.queue);
    let parked: Parked = "kept";
    await withPatience(async () => {
      const isLost = losses !== this.#lossesOf(reservation.request.queue);
      parked = isLost ? "lost" : await this.#tryTwice(reservation);
    }, this.#parts);
    return parked;
  }

  /** Someone may have deleted what was declared; then it is declared again, once. */
  async #tryTwice(reservation: Reservation): Promise<Parked> {
    try {
      return await this.#try(reservation);
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#parts.delayQueues.forget();
      return await this.#try(reservation);
    }
  }

  async #try({ request, delivery }: Reservation): Promise<Parked> {
    const { clock, delayQueues, publisher } = this.#parts;
    const seconds = parkingSeconds(request.task, clock.now());
    const to = seconds === null ? null : await delayQueues.addressFor(request.queue, seconds);
    if (to === null) return "kept";
    await publisher.publish(parkedMessage(delivery), to);
    return "parked";
  }

  #lossesOf(queue: string): number {
    return this.#losses.get(queue) ?? 0;
  }
}

/** `kept`: the broker cannot keep it, or it is due soon by now. `lost`: it comes again by itself. */
type Parked = "parked" | "kept" | "lost";

function isMissing(error: unknown): boolean {
  return error instanceof CeleryError && (error.code === "unroutable" || error.code === "not-found");
}
