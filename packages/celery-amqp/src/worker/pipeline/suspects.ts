import type { Clock } from "../../ports/clock.ts";
import type { Delivery } from "../../ports/transport.ts";
import { mayRun } from "../rules/arrival.ts";
import { judge } from "../rules/suspicion.ts";
import type { ReservedCounts } from "./reserved-counts.ts";
import type { Inflight } from "./inflight.ts";
import { SuspectDelivery } from "./suspect-delivery.ts";
import type { Republisher } from "./republish.ts";
import { type Turns, youngMs } from "./turns.ts";

/** What meeting suspects needs of the worker. */
export interface SuspectsParts {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly held: ReservedCounts;
  readonly inflight: Inflight;
  readonly republisher: Republisher;
  /** Runs that a message may lose; null for no limit. */
  readonly deliveryLimit: number | null;
  /** Reads the message and lets its task run. */
  readonly read: (delivery: Delivery) => void;
  /** Puts an unread message into the dead queue. Resolves when it is settled, or goes back. */
  readonly giveUp: (delivery: Delivery) => Promise<void>;
  /** Takes no more deliveries of any queue. Resolves when the deliveries in transit have arrived. Never rejects. */
  readonly quiet: () => Promise<void>;
  /** Takes deliveries again. */
  readonly wake: () => void;
  /** Whether messages wait in a queue, as far as the broker can be asked. */
  readonly isEmpty: (queue: string) => Promise<boolean>;
}

/** Between two questions whether a counted message has been delivered. */
const askAgainMs = 200;

/** A counted message that is not delivered within this time holds other suspects up no longer. */
const longestWaitMs = 30_000;

/** A suspect that has run for so long lets the next one run beside it. */
const aloneMs = 60_000;

/**
 * Messages whose run may have ended a process or a connection: they were delivered before, or carry a count of lost runs.
 * A suspect is published anew with its next run counted, before its body is read, and runs when the copy is delivered. So
 * a run is counted exactly once whatever ends it, and a delivery that only waited is not counted. A message that has lost
 * two runs runs while no other suspect of this worker does: it cannot blame its neighbours, nor they it.
 */
export class Suspects {
  readonly #parts: SuspectsParts;
  /** Suspects that wait until they may be counted and run alone. */
  readonly #line: Delivery[] = [];
  /** One that was counted is awaited, or one runs alone. */
  #isBusy = false;
  #isRunningAlone = false;
  /** The number of the current wait for a delivery. */
  #wait = 0;

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
  }

  receive(delivery: Delivery): void {
    const { turns, republisher } = this.#parts;
    const otherwise = (): void => void this.#giveUp(delivery);
    switch (judge(delivery, this.#parts.deliveryLimit)) {
      case "give-up":
        void turns.copy(() => this.#giveUp(delivery));
        return;
      case "count":
        void turns.copy(() => republisher.count(delivery, otherwise));
        return;
      case "renew":
        void turns.copy(() => republisher.renew(delivery, otherwise));
        return;
      case "run":
        this.#run(
          delivery,
          () => {},
          () => {},
        );
        return;
      case "count-alone":
        this.#line.push(delivery);
        this.#parts.held.begin(delivery.queue);
        this.#countNext();
        return;
      case "run-alone":
        if (this.#isRunningAlone) void turns.copy(() => republisher.renew(delivery, otherwise));
        else void this.#runAlone(delivery);
    }
  }

  /** Lets go of those that wait, and returns them: of one queue, or all. */
  release(queue: string | null): readonly Delivery[] {
    const all = this.#line.splice(0);
    const released = all.filter((delivery) => queue === null || delivery.queue === queue);
    this.#line.push(...all.filter((delivery) => !released.includes(delivery)));
    for (const delivery of released) this.#parts.held.end(delivery.queue);
    return released;
  }

  /** As a copy is: not where the channel is gone already, and over when the broker has taken the ack. */
  async #giveUp(delivery: Delivery): Promise<void> {
    if (await delivery.sync()) await this.#parts.giveUp(delivery);
    else delivery.reject({ requeue: true, isCounted: false });
    await delivery.sync();
  }

  #run(delivery: Delivery, onBegin: () => void, onEnd: () => void): void {
    const { turns, read, republisher, inflight } = this.#parts;
    const wasCounted = mayRun(delivery);
    const pass = (): void => void republisher.pass(delivery, () => delivery.reject({ requeue: true }));
    inflight.begin();
    turns.run((end) => {
      const onSettled = (): void => {
        end();
        onEnd();
      };
      onBegin();
      read(new SuspectDelivery(delivery, onSettled, wasCounted ? pass : null));
      inflight.end();
    });
  }

  /** Nothing is delivered at first: a counted message that waited here would be taken for one that ran. */
  async #runAlone(delivery: Delivery): Promise<void> {
    const { clock, inflight, quiet, wake } = this.#parts;
    this.#isBusy = true;
    this.#isRunningAlone = true;
    this.#wait += 1;
    inflight.begin();
    await quiet();
    const woken = new Once(wake);
    const ended = new Once(() => {
      this.#isRunningAlone = false;
      this.#isBusy = false;
      this.#countNext();
    });
    const onBegin = (): void => {
      woken.arm(clock, youngMs);
      ended.arm(clock, aloneMs);
    };
    const onEnd = (): void => {
      woken.now();
      ended.now();
    };
    this.#run(delivery, onBegin, onEnd);
    inflight.end();
  }

  #countNext(): void {
    if (this.#isBusy) return;
    const next = this.#line.shift();
    if (next === undefined) return;
    this.#parts.held.end(next.queue);
    this.#isBusy = true;
    this.#wait += 1;
    void this.#count(next, this.#wait);
  }

  async #count(delivery: Delivery, wait: number): Promise<void> {
    const { turns, republisher } = this.#parts;
    await turns.copy(() => republisher.count(delivery, () => void this.#giveUp(delivery)));
    await this.#untilDelivered(delivery.queue, wait);
    if (wait !== this.#wait) return;
    this.#isBusy = false;
    this.#countNext();
  }

  /** The copy comes to this worker, which then runs it, or to another: then it is gone from the queue. */
  async #untilDelivered(queue: string, wait: number): Promise<void> {
    const { clock, isEmpty } = this.#parts;
    const until = clock.monotonicMs() + longestWaitMs;
    for (let wasEmpty = false; wait === this.#wait && clock.monotonicMs() < until;) {
      await new Promise<void>((resolve) => clock.setTimer(askAgainMs, resolve));
      if (wait !== this.#wait) return;
      const empty = await isEmpty(queue);
      if (empty && wasEmpty) return;
      wasEmpty = empty;
    }
  }
}

/** Calls `act` once: when `now` is called, or so long after `arm`. */
class Once {
  readonly #act: () => void;
  #cancel: (() => void) | null = null;
  #isDone = false;

  constructor(act: () => void) {
    this.#act = act;
  }

  arm(clock: Clock, timeoutMs: number): void {
    if (!this.#isDone) this.#cancel = clock.setTimer(timeoutMs, () => this.now());
  }

  now(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#cancel?.();
    this.#act();
  }
}
