import type { Logger } from "../../ports/logger.ts";
import type { Job } from "../pool/running/job.ts";
import type { Pool } from "../pool/pool.ts";
import { begin } from "../rules/begin.ts";
import type { Request } from "../rules/request.ts";
import type { Outcome } from "../rules/outcome.ts";
import { screen, type Revoked } from "../rules/screen.ts";
import { revoke, settle } from "../rules/settle.ts";
import { unsettled } from "./unsettled.ts";
import type { World } from "../rules/world.ts";
import type { Copies } from "./copies.ts";
import type { Inflight } from "./inflight.ts";
import { BrokerAway } from "./patience.ts";
import type { Lane, Lanes } from "./lanes.ts";
import type { Performer } from "./perform.ts";
import type { Reservation } from "./reservation.ts";
import type { Settling } from "./settling.ts";
import type { TimeLimits } from "./time-limits.ts";

/** What execution needs of the worker. */
export interface ExecuteParts {
  readonly pool: Pool;
  readonly lanes: Lanes;
  readonly performer: Performer;
  readonly world: World;
  readonly revoked: Revoked;
  readonly inflight: Inflight;
  readonly settling: Settling;
  readonly copies: Copies;
  readonly limits: TimeLimits;
  readonly log: Logger;
}

/** The last room: a slot, one more look, the run, then its settling beside the slots. What finds no slot waits in line. */
export class Execution {
  readonly #parts: ExecuteParts;
  readonly #running = new Map<Reservation, Job>();

  constructor(parts: ExecuteParts) {
    this.#parts = parts;
  }

  /** How many hold a slot. */
  get active(): number {
    return this.#parts.lanes.all.reduce((sum, lane) => sum + lane.active, 0);
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#parts.lanes.all.reduce((sum, lane) => sum + lane.line.length, 0);
  }

  /** Those that the pool has, each with what it was given. */
  get running(): ReadonlyMap<Reservation, Job> {
    return this.#running;
  }

  /** The runs that hold all slots which a run shares; null where one is free, or held by what is no run. */
  holders(job: Job): readonly Job[] | null {
    const { lanes } = this.#parts;
    const all = [...this.#running];
    const own = all.find(([, each]) => each === job)?.[0];
    if (own === undefined) return null;
    const lane = lanes.of(own.request.queue);
    const jobs = all.flatMap(([{ request }, each]) => (lanes.of(request.queue) === lane ? [each] : []));
    return lane.hasRoom || jobs.length < lane.active ? null : jobs;
  }

  /** Those that wait for a slot. */
  get line(): readonly Request[] {
    return this.#parts.lanes.all.flatMap(({ line }) => line.map(({ request }) => request));
  }

  push(reservation: Reservation): void {
    const lane = this.#parts.lanes.of(reservation.request.queue);
    if (lane.hasRoom) this.#occupy(reservation, lane);
    else lane.line.push(reservation);
  }

  /** Lets go of the waiting tasks that `matches` picks, and returns them. */
  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    return this.#parts.lanes.all.flatMap(({ line }) => {
      const all = line.splice(0);
      line.push(...all.filter((reservation) => !matches(reservation)));
      return all.filter(matches);
    });
  }

  /** Begins what waits and finds room now: there are more slots than before. */
  fill(): void {
    for (const lane of this.#parts.lanes.all) this.#fill(lane);
  }

  #fill(lane: Lane): void {
    while (lane.hasRoom) {
      const next = lane.line.shift();
      if (next === undefined) return;
      this.#occupy(next, lane);
    }
  }

  /** A slot is held until the run has ended: settling may wait for a node that is away. */
  #occupy(reservation: Reservation, lane: Lane): void {
    const { inflight, performer, world, revoked } = this.#parts;
    const { request, delivery } = reservation;
    lane.active += 1;
    inflight.begin();
    const screening = screen(request.task, world, revoked);
    if (screening !== "pass") {
      this.#leaveAfter(reservation, performer.perform(delivery, revoke(request, screening, world)));
      return;
    }
    const begun = performer.perform(delivery, begin(request, world));
    if (begun === undefined) this.#run(reservation);
    else begun.then(() => this.#run(reservation)).catch((error: unknown) => this.#leave(reservation, error));
  }

  #run(reservation: Reservation): void {
    const { pool, limits } = this.#parts;
    const job = limits.apply(reservation.request);
    this.#running.set(reservation, job);
    pool.run(job, (outcome) => {
      this.#running.delete(reservation);
      this.#leaveAfter(reservation, this.#settle(reservation, outcome));
    });
  }

  /** Nothing to wait for is the common case, and then no promise is made. */
  #leaveAfter(reservation: Reservation, settled: Promise<void> | undefined): void {
    if (settled === undefined) return this.#leave(reservation, null);
    const { settling } = this.#parts;
    const leave = settling.hasRoom ? this.#standAside(reservation) : () => this.#vacate(reservation);
    const end = (error: unknown): void => {
      if (error !== null) this.#giveBack(reservation, error);
      leave();
      this.#parts.copies.onLeft(reservation);
      this.#parts.inflight.end();
    };
    settled.then(() => end(null), end);
  }

  /** Gives the slot to the next task at once; the returned function is for when it is settled. */
  #standAside(reservation: Reservation): () => void {
    const settled = this.#parts.settling.begin(reservation);
    this.#vacate(reservation);
    return settled;
  }

  #leave(reservation: Reservation, error: unknown): void {
    if (error !== null) this.#giveBack(reservation, error);
    this.#vacate(reservation);
    this.#parts.copies.onLeft(reservation);
    this.#parts.inflight.end();
  }

  #vacate({ request }: Reservation): void {
    const lane = this.#parts.lanes.of(request.queue);
    lane.active -= 1;
    this.#fill(lane);
  }

  #settle(reservation: Reservation, outcome: Outcome): Promise<void> | undefined {
    const { request, delivery } = reservation;
    try {
      const settling = this.#parts.performer.perform(delivery, settle(request, outcome, this.#parts.world));
      return settling?.catch((error: unknown) => this.#fail(reservation, outcome, error));
    } catch (error) {
      return this.#fail(reservation, outcome, error);
    }
  }

  /** What follows from a task and can never be written, sent or stored fails the task: its caller learns why. */
  async #fail({ request, delivery }: Reservation, outcome: Outcome, error: unknown): Promise<void> {
    if (error instanceof BrokerAway) throw error;
    await this.#parts.performer.perform(delivery, settle(request, unsettled(outcome, error), this.#parts.world));
  }

  #giveBack({ request, delivery }: Reservation, error: unknown): void {
    this.#parts.log.error("cannot settle a task, its message goes back to the queue", {
      task: request.task.task,
      id: request.task.id,
      error: error instanceof Error ? error.message : String(error),
    });
    this.#parts.performer.giveBack(delivery);
  }
}
