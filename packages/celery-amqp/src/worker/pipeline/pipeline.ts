import type { Clock } from "../../ports/clock.ts";
import type { Delivery } from "../../ports/transport.ts";
import type { Pool } from "../pool/pool.ts";
import { Execution, type ExecuteParts } from "./execute.ts";
import { Inflight } from "./inflight.ts";
import { Reception, type ReceiveParts } from "./receive.ts";
import type { Reservation } from "./reservation.ts";
import { Schedule } from "./schedule.ts";

type Given = Omit<ReceiveParts, "next" | "inflight"> & Omit<ExecuteParts, "inflight">;

/** What a pipeline is made of. */
export interface PipelineParts extends Given {
  readonly clock: Clock;
  readonly pool: Pool;
  /** The number of tasks of a queue that wait for their eta has changed. */
  readonly onHeld: (queue: string, held: number) => void;
}

/** The rooms a message walks through: receive, schedule, execute. Each knows the next door only. */
export class Pipeline {
  readonly #inflight = new Inflight();
  readonly #reception: Reception;
  readonly #schedule: Schedule;
  readonly #execution: Execution;
  #open = true;

  constructor(parts: PipelineParts) {
    const inflight = this.#inflight;
    this.#execution = new Execution({ ...parts, inflight });
    this.#schedule = new Schedule({
      clock: parts.clock,
      next: (reservation) => this.#execution.push(reservation),
      onHeld: parts.onHeld,
    });
    this.#reception = new Reception({ ...parts, inflight, next: (reservation) => this.#schedule.push(reservation) });
  }

  /** Tasks that hold a slot, wait for one, and wait for their eta. */
  get counts(): { readonly active: number; readonly waiting: number; readonly scheduled: number } {
    return { active: this.#execution.active, waiting: this.#execution.waiting, scheduled: this.#schedule.size };
  }

  receive(delivery: Delivery): void {
    if (this.#open) this.#reception.receive(delivery);
    else delivery.reject({ requeue: true });
  }

  /** Hands back what came from a queue and has not begun: its consumer is gone, and the broker delivers it again. */
  forget(queue: string): void {
    this.#handBack((reservation) => reservation.request.queue === queue);
  }

  /** Takes nothing more and hands back what has not begun. */
  close(): void {
    this.#open = false;
    this.#handBack(() => true);
  }

  /** Resolves when everything that had begun is settled. */
  idle(): Promise<void> {
    return this.#inflight.idle();
  }

  #handBack(matches: (reservation: Reservation) => boolean): void {
    for (const room of [this.#schedule, this.#execution]) {
      for (const { delivery } of room.release(matches)) delivery.reject({ requeue: true });
    }
  }
}
