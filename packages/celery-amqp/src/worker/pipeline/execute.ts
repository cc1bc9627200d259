import type { Logger } from "../../ports/logger.ts";
import type { Job } from "../pool/running/job.ts";
import type { Pool } from "../pool/pool.ts";
import { begin } from "../rules/begin.ts";
import type { Request } from "../rules/request.ts";
import type { Outcome } from "../rules/outcome.ts";
import { screen, type Revoked } from "../rules/screen.ts";
import { revoke, settle } from "../rules/settle.ts";
import { unsettled } from "./unsettled.ts";
import type { RuleContext } from "../rules/context.ts";
import type { Copies } from "./copies.ts";
import type { Inflight } from "./inflight.ts";
import { BrokerAway } from "./retry-budget.ts";
import type { SlotPool, SlotPools } from "./slot-pools.ts";
import type { Performer } from "./perform.ts";
import type { Reservation } from "./reservation.ts";
import type { Settling } from "./settling.ts";
import type { TimeLimits } from "./time-limits.ts";

/** What execution needs of the worker. */
export interface ExecuteParts {
  readonly pool: Pool;
  readonly slotPools: SlotPools;
  readonly performer: Performer;
  readonly context: RuleContext;
  readonly revoked: Revoked;
  readonly inflight: Inflight;
  readonly settling: Settling;
  readonly copies: Copies;
  readonly limits: TimeLimits;
  readonly log: Logger;
}

/** The last step: a slot, one more check, the run, then its settling beside the slots. Tasks without a slot wait in a FIFO. */
export class Execution {
  readonly #parts: ExecuteParts;
  readonly #running = new Map<Reservation, Job>();

  constructor(parts: ExecuteParts) {
    this.#parts = parts;
  }

  /** How many hold a slot. */
  get active(): number {
    return this.#parts.slotPools.all.reduce((sum, slotPool) => sum + slotPool.active, 0);
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#parts.slotPools.all.reduce((sum, slotPool) => sum + slotPool.line.length, 0);
  }

  /** Those that the pool has, each with what it was given. */
  get running(): ReadonlyMap<Reservation, Job> {
    return this.#running;
  }

  /** The runs that have all slots which a run shares; null where a slot is free, or taken by something else than a run. */
  holders(job: Job): readonly Job[] | null {
    const { slotPools } = this.#parts;
    const all = [...this.#running];
    const own = all.find(([, each]) => each === job)?.[0];
    if (own === undefined) return null;
    const slotPool = slotPools.of(own.request.queue);
    const jobs = all.flatMap(([{ request }, each]) => (slotPools.of(request.queue) === slotPool ? [each] : []));
    return slotPool.hasFreeSlot || jobs.length < slotPool.active ? null : jobs;
  }

  /** Those that wait for a slot. */
  get line(): readonly Request[] {
    return this.#parts.slotPools.all.flatMap(({ line }) => line.map(({ request }) => request));
  }

  push(reservation: Reservation): void {
    const slotPool = this.#parts.slotPools.of(reservation.request.queue);
    if (slotPool.hasFreeSlot) this.#occupy(reservation, slotPool);
    else slotPool.line.push(reservation);
  }

  /** Lets go of the waiting tasks that `matches` picks, and returns them. */
  release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    return this.#parts.slotPools.all.flatMap(({ line }) => {
      const all = line.splice(0);
      line.push(...all.filter((reservation) => !matches(reservation)));
      return all.filter(matches);
    });
  }

  /** Begins waiting tasks that find a slot now: there are more slots than before. */
  fill(): void {
    for (const slotPool of this.#parts.slotPools.all) this.#fill(slotPool);
  }

  #fill(slotPool: SlotPool): void {
    while (slotPool.hasFreeSlot) {
      const next = slotPool.line.shift();
      if (next === undefined) return;
      this.#occupy(next, slotPool);
    }
  }

  /** A slot is taken until the run has ended: settling may wait for a node that is away. */
  #occupy(reservation: Reservation, slotPool: SlotPool): void {
    const { inflight, performer, context, revoked } = this.#parts;
    const { request, delivery } = reservation;
    slotPool.active += 1;
    inflight.begin();
    const screening = screen(request.task, context, revoked);
    if (screening !== "pass") {
      this.#leaveAfter(reservation, performer.perform(delivery, revoke(request, screening, context)));
      return;
    }
    const begun = performer.perform(delivery, begin(request, context));
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
    const leave = settling.hasFreeSlot ? this.#standAside(reservation) : () => this.#vacate(reservation);
    const end = (error: unknown): void => {
      if (error !== null) this.#returnToQueue(reservation, error);
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
    if (error !== null) this.#returnToQueue(reservation, error);
    this.#vacate(reservation);
    this.#parts.copies.onLeft(reservation);
    this.#parts.inflight.end();
  }

  #vacate({ request }: Reservation): void {
    const slotPool = this.#parts.slotPools.of(request.queue);
    slotPool.active -= 1;
    this.#fill(slotPool);
  }

  #settle(reservation: Reservation, outcome: Outcome): Promise<void> | undefined {
    const { request, delivery } = reservation;
    try {
      const settling = this.#parts.performer.perform(delivery, settle(request, outcome, this.#parts.context));
      return settling?.catch((error: unknown) => this.#fail(reservation, outcome, error));
    } catch (error) {
      return this.#fail(reservation, outcome, error);
    }
  }

  /** What follows from a task and can never be written, sent or stored fails the task: its caller learns why. */
  async #fail({ request, delivery }: Reservation, outcome: Outcome, error: unknown): Promise<void> {
    if (error instanceof BrokerAway) throw error;
    await this.#parts.performer.perform(delivery, settle(request, unsettled(outcome, error), this.#parts.context));
  }

  #returnToQueue({ request, delivery }: Reservation, error: unknown): void {
    this.#parts.log.error("cannot settle a task, its message goes back to the queue", {
      task: request.task.task,
      id: request.task.id,
      error: error instanceof Error ? error.message : String(error),
    });
    this.#parts.performer.returnToQueue(delivery);
  }
}
