import type { Delivery } from "../../ports/transport.ts";
import { ConnectionLost } from "../../task/stop-reasons.ts";
import type { Job } from "../pool/running/job.ts";
import type { Pool } from "../pool/pool.ts";
import type { Request } from "../rules/request.ts";
import { isSuspect } from "../rules/arrival.ts";
import { screen } from "../rules/screen.ts";
import { revoke } from "../rules/settle.ts";
import { type Copies, keyOf } from "./copies.ts";
import { Execution, type ExecuteParts } from "./execute.ts";
import { Inflight } from "./inflight.ts";
import { Reception, type ReceiveParts } from "./receive.ts";
import { refuseDelivery } from "./refusals.ts";
import { Republisher, type RepublishParts } from "./republish.ts";
import type { Reservation } from "./reservation.ts";
import type { Requeue } from "./requeue.ts";
import { Schedule } from "./schedule.ts";
import { Settling } from "./settling.ts";
import { Suspects, type SuspectsParts } from "./suspects.ts";
import { Throttle } from "./throttle.ts";
import { type TaskLimits, TimeLimits } from "./time-limits.ts";
import { type Turns, turnsOf } from "./turns.ts";

type Given = Omit<ReceiveParts, "next" | "inflight" | "republisher"> &
  Omit<ExecuteParts, "inflight" | "limits" | "settling" | "copies"> &
  Omit<RepublishParts, "inflight"> &
  Pick<SuspectsParts, "deliveryLimit" | "isEmpty" | "quiet" | "wake">;

/** What a pipeline is made of. */
export interface PipelineParts extends Given {
  readonly pool: Pool;
  readonly copies: Copies;
  /** How many tasks may wait in memory under rate limits. */
  readonly throttledLimit: number;
  /** How many ended tasks may wait beside the slots until they are settled. */
  readonly unsettledLimit: number;
  readonly requeue: Requeue;
  /** Whether runs that are acked late are aborted when their consumer is lost: the broker delivers their messages again. */
  readonly cancelOnConnectionLoss: boolean;
}

/** How many tasks are where. */
export interface PipelineCounts {
  /** Hold a slot. */
  readonly active: number;
  /** Wait for one. */
  readonly waiting: number;
  /** Wait for their eta. */
  readonly scheduled: number;
  /** Wait for their turn under a rate limit. */
  readonly throttled: number;
}

/** A task that is here. */
export interface PipelineRequest {
  readonly request: Request;
  /** It runs; it waits for a slot or its turn; it waits for its eta. */
  readonly state: "active" | "reserved" | "scheduled";
  /** Null: it has not begun. */
  readonly job: Job | null;
}

/** The steps of a delivery: receive (or delay in the broker), schedule, throttle, execute. Each knows only the next one. */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #inflight = new Inflight();
  readonly #limits = new TimeLimits();
  readonly #reception: Reception;
  readonly #republisher: Republisher;
  readonly #suspects: Suspects;
  readonly #schedule: Schedule;
  readonly #copies: Copies;
  readonly #turns: Turns;
  readonly #throttle: Throttle;
  readonly #execution: Execution;
  #open = true;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    const inflight = this.#inflight;
    const { held, copies, clock } = parts;
    const settling = new Settling({ clock, held, limit: parts.unsettledLimit });
    const republisher = new Republisher({ ...parts, inflight });
    const execution = new Execution({ ...parts, inflight, settling, copies, limits: this.#limits });
    const throttle = new Throttle({
      clock,
      limit: parts.throttledLimit,
      isDropped: ({ request }) => screen(request.task, parts.context, parts.revoked) !== "pass",
      next: (reservation) => execution.push(reservation),
      park: ({ delivery }, until, otherwise) =>
        republisher.postpone(delivery, until, () => this.#ifOpen(delivery, otherwise)),
      held,
    });
    for (const { name, policy } of parts.tasks.list()) {
      if (policy.ratePerSecond !== null) throttle.setRate(name, policy.ratePerSecond);
    }
    this.#schedule = new Schedule({ ...parts, held, next: (reservation) => throttle.push(reservation) });
    this.#copies = copies;
    const next = (reservation: Reservation): void => this.#enter(reservation);
    copies.serve({
      isHere: (key) =>
        [...execution.running.keys(), ...settling.reservations].some(({ request }) => keyOf(request.task) === key),
      next,
    });
    const reception = new Reception({ ...parts, inflight, republisher, next });
    const turns = turnsOf(clock);
    this.#suspects = new Suspects({
      ...parts,
      turns,
      inflight,
      republisher,
      read: (delivery) => reception.read(delivery),
      giveUp: (delivery) => reception.giveUp(delivery),
    });
    this.#turns = turns;
    this.#reception = reception;
    this.#republisher = republisher;
    this.#execution = execution;
    this.#throttle = throttle;
  }

  get counts(): PipelineCounts {
    return {
      active: this.#execution.active,
      waiting: this.#execution.waiting,
      scheduled: this.#schedule.size,
      throttled: this.#throttle.size,
    };
  }

  /** As `Execution.holders`. */
  holders(job: Job): readonly Job[] | null {
    return this.#execution.holders(job);
  }

  /** What the pool runs now. */
  get running(): readonly Request[] {
    return [...this.#execution.running.keys()].map(({ request }) => request);
  }

  /** All tasks that are here, where they are; `job` is what the pool was given of one that has begun. */
  requests(): readonly PipelineRequest[] {
    const at = (state: PipelineRequest["state"], requests: readonly Request[]): readonly PipelineRequest[] =>
      requests.map((request) => ({ request, state, job: null }));
    return [
      ...[...this.#execution.running].map(([{ request }, job]) => ({ request, state: "active" as const, job })),
      ...at("reserved", this.#execution.line),
      ...at("reserved", this.#throttle.line),
      ...at("scheduled", this.#schedule.line),
    ];
  }

  /**
   * A message that is no suspect is decoded at once, unless a copy is in progress that its run could duplicate. A message with
   * unreadable headers never runs, and a copy would hide what is missing.
   */
  receive(delivery: Delivery): void {
    if (!this.#open) returnToQueue(delivery);
    else if (isSuspect(delivery) && delivery.unreadable === null) this.#suspects.receive(delivery);
    else if (this.#turns.isQuiet) this.#reception.read(delivery);
    else this.#turns.pass(() => this.#reception.read(delivery));
  }

  /** Begins what waits and finds a slot now. */
  fill(): void {
    this.#execution.fill();
  }

  /** Requeues the tasks of a queue that have not begun: its consumer is gone, and the broker delivers them again. */
  forget(queue: string): void {
    this.#republisher.forget(queue);
    this.#parts.requeue.release(queue);
    for (const delivery of this.#suspects.release(queue)) returnToQueue(delivery);
    this.#returnAll((reservation) => reservation.request.queue === queue);
  }

  /** The same for a queue whose consumer was lost: runs that are acked late are aborted too, where that is an option. */
  onLost(queue: string): void {
    this.forget(queue);
    const { cancelOnConnectionLoss, pool } = this.#parts;
    if (!cancelOnConnectionLoss) return;
    for (const request of this.running) {
      const comesAgain = request.queue === queue && request.policy.acks === "late";
      if (comesAgain) pool.abort(request.task.id, new ConnectionLost());
    }
  }

  /** From now on at most so many of these tasks begin in a second; null lifts the limit. */
  setRate(task: string, perSecond: number | null): void {
    this.#throttle.setRate(task, perSecond);
  }

  /** Limits of the runs of a task that begin from now on. */
  setTimeLimits(task: string, limits: TaskLimits): void {
    this.#limits.set(task, limits);
  }

  /** Refuses what waits and was revoked in the meantime, and returns what it was. */
  refuseRevoked(): readonly Request[] {
    const { revoked, context } = this.#parts;
    const refused = this.#release(({ request }) => revoked.has(request.task));
    for (const { request, delivery } of refused) {
      void refuseDelivery({ ...this.#parts, inflight: this.#inflight }, delivery, revoke(request, "revoked", context));
    }
    return refused.map(({ request }) => request);
  }

  /** Takes no more messages and requeues tasks that have not begun. */
  close(): void {
    this.#open = false;
    this.#parts.requeue.close();
    for (const delivery of this.#suspects.release(null)) returnToQueue(delivery);
    this.#returnAll(() => true);
  }

  /** Resolves when everything that had begun is settled. */
  idle(): Promise<void> {
    return this.#inflight.idle();
  }

  #enter(reservation: Reservation): void {
    if (!this.#open) returnToQueue(reservation.delivery);
    else if (!this.#copies.take(reservation)) this.#schedule.push(reservation);
  }

  /** A task that could not be delayed in the broker may arrive here after the close. */
  #ifOpen(delivery: Delivery, goOn: () => void): void {
    if (this.#open) goOn();
    else returnToQueue(delivery);
  }

  #returnAll(matches: (reservation: Reservation) => boolean): void {
    for (const { delivery } of this.#release(matches)) returnToQueue(delivery);
  }

  #release(matches: (reservation: Reservation) => boolean): readonly Reservation[] {
    return [this.#execution, this.#throttle, this.#schedule, this.#copies].flatMap((room) => room.release(matches));
  }
}

/** It has not begun: nothing that a limit should count has happened. */
function returnToQueue(delivery: Delivery): void {
  delivery.reject({ requeue: true, isCounted: false });
}
