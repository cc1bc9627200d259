import type { Logger } from "../../ports/logger.ts";
import type { Pool } from "../pool/pool.ts";
import { begin } from "../rules/begin.ts";
import { unwritable } from "../rules/failure.ts";
import type { Outcome } from "../rules/outcome.ts";
import { screen, type Revoked } from "../rules/screen.ts";
import { revoke, settle } from "../rules/settle.ts";
import type { World } from "../rules/world.ts";
import type { Inflight } from "./inflight.ts";
import { BrokerAway } from "./patience.ts";
import type { Performer } from "./perform.ts";
import type { Reservation } from "./reservation.ts";

/** What execution needs of the worker. */
export interface ExecuteParts {
  readonly pool: Pool;
  readonly performer: Performer;
  readonly world: World;
  readonly revoked: Revoked;
  readonly inflight: Inflight;
  readonly log: Logger;
}

/** The last room: a slot, one more look, the run, its settling. What finds no slot waits in line. */
export class Execution {
  readonly #parts: ExecuteParts;
  readonly #line: Reservation[] = [];
  #active = 0;

  constructor(parts: ExecuteParts) {
    this.#parts = parts;
  }

  /** How many hold a slot. */
  get active(): number {
    return this.#active;
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#line.length;
  }

  push(reservation: Reservation): void {
    if (this.#active < this.#parts.pool.size) void this.#occupy(reservation);
    else this.#line.push(reservation);
  }

  /** Lets go of the waiting tasks that `matches` picks, and returns them. */
  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    const all = this.#line.splice(0);
    this.#line.push(...all.filter((reservation) => !matches(reservation)));
    return all.filter(matches);
  }

  /** A slot is held until the task is settled, so that no more than the pool's size is ever in between. */
  async #occupy(reservation: Reservation): Promise<void> {
    const { inflight } = this.#parts;
    this.#active += 1;
    inflight.begin();
    await this.#execute(reservation);
    this.#active -= 1;
    const next = this.#line.shift();
    if (next !== undefined) void this.#occupy(next);
    inflight.end();
  }

  /** Never rejects. */
  async #execute(reservation: Reservation): Promise<void> {
    const { request, delivery } = reservation;
    const { performer, world, revoked } = this.#parts;
    try {
      const screening = screen(request.task, world.now, revoked);
      if (screening !== "pass") return await performer.perform(delivery, revoke(request, screening));
      const begun = performer.perform(delivery, begin(request, world));
      if (begun !== undefined) await begun;
      const outcome = await this.#run(reservation);
      return await this.#settle(reservation, outcome);
    } catch (error) {
      this.#giveBack(reservation, error);
    }
  }

  #run({ request }: Reservation): Promise<Outcome> {
    return new Promise((resolve) => this.#parts.pool.run(request, resolve));
  }

  /** What follows from a task and can never be written or sent fails the task: its caller learns why. */
  async #settle({ request, delivery }: Reservation, outcome: Outcome): Promise<void> {
    const { performer, world } = this.#parts;
    try {
      await performer.perform(delivery, settle(request, outcome, world));
    } catch (error) {
      if (error instanceof BrokerAway || !(error instanceof Error)) throw error;
      const failure = outcome.kind === "failed" ? outcome.failure : unwritable(error);
      const { children, runtimeMs } = outcome;
      const failed: Outcome = { kind: "failed", failure, retryable: false, children, runtimeMs };
      await performer.perform(delivery, settle(request, failed, world));
    }
  }

  #giveBack({ request, delivery }: Reservation, error: unknown): void {
    this.#parts.log.error("cannot settle a task, its message goes back to the queue", {
      task: request.task.task,
      id: request.task.id,
      error: error instanceof Error ? error.message : String(error),
    });
    delivery.reject({ requeue: true });
  }
}
