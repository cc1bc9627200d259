import { type Client, type Clock, type Ids, type Logger, type Transport, UnroutableError } from "@leveret/celery-amqp";
import { pruned } from "../rules/beat-state.ts";
import { type Due, due, type Lateness, mostUrgent, type Tick } from "../rules/due.ts";
import { tickId } from "../rules/tick-id.ts";
import type { ResolvedEntry } from "../schedule/entry.ts";
import { apart } from "../system/apart.ts";
import { isOverWithin } from "../system/deadline.ts";
import { type Lease, stateQueue, StateQueue } from "./state-queue.ts";
import type { TickTransport, TickWay } from "./tick-transport.ts";

/** Phase of a beat: `standby` waits for the leader's end, `leading` sends due tasks. */
export type BeatPhase = "new" | "standby" | "leading" | "stopped";

/** A beat. Of several beats with one name only the leader sends tasks. */
export interface Beat extends AsyncDisposable {
  /** Current phase of the beat. */
  readonly phase: BeatPhase;
  /** Calls `listener` at every change of phase; the returned function removes it. */
  onPhase(listener: (phase: BeatPhase) => void): () => void;
  /**
   * Connects, retrying while no broker answers, and waits for leadership.
   *
   * @throws CeleryError `access-refused`, `vhost-missing`, `queue-mismatch`, `closed`
   */
  start(): Promise<void>;
  /** Finishes pending sends, releases leadership, disconnects. May be called twice. */
  stop(): Promise<void>;
}

/** The dependencies of a beat. */
export interface BeatParts {
  /** Closed with the client. */
  readonly transport: Transport;
  /** The transport of the client. */
  readonly ticks: TickTransport;
  readonly client: Client;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly name: string;
  readonly entries: readonly ResolvedEntry[];
  readonly lateness: Lateness;
}

/** Celery's `beat_max_loop_interval`; bounds the delay after which a changed system clock is noticed. */
const longestSleepMs = 300_000;
/** Pause before a failed step is retried. */
const pauseMs = 1_000;
/** How long a turn waits for its ticks. A slower confirm delays only its own entry. */
const turnMs = 5_000;
/** Entries named in one log line, and characters of their names. */
const [mostNamed, longestNames] = [20, 500];
/** Most ticks of one turn: all of them wait in the state queue for the next leader, if this one crashes. */
const mostAtOnce = 500;

/** Sends due tasks while it leads. One turn at a time: send, wait for the confirms, save, sleep until the next tick. */
export class CeleryBeat implements Beat {
  readonly #parts: BeatParts;
  readonly #queue: StateQueue;
  readonly #listeners = new Set<(phase: BeatPhase) => void>();
  /** Entries with a pending tick. */
  readonly #underWay = new Set<string>();
  #phase: BeatPhase = "new";
  #turning: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  #stopping: Promise<void> | null = null;
  /** Incremented when leadership begins or ends: a turn of an earlier term stops. */
  #term = 0;

  constructor(parts: BeatParts) {
    const { transport, ids, name, entries, clock } = parts;
    this.#parts = parts;
    this.#queue = new StateQueue({
      transport,
      topology: stateQueue(name),
      clock,
      uuid: () => ids.uuid(),
      trim: (state) => pruned(state, entries, clock.now()),
      onRefused: (refused) => this.#onRefused(refused),
      onState: () => this.#onState(),
      onUnreadable: (reason) => this.#warn("a state with unreadable headers is ignored", reason),
      onLost: (reason) => this.#onLost(reason),
      onRestored: () =>
        void this.#queue.seed().catch((error: unknown) => this.#warn("cannot publish the first state", error)),
    });
  }

  get phase(): BeatPhase {
    return this.#phase;
  }

  onPhase(listener: (phase: BeatPhase) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): Promise<void> {
    return apart(() => this.#start());
  }

  async #start(): Promise<void> {
    if (this.#phase !== "new") return;
    this.#move("standby");
    try {
      await this.#parts.transport.connect({ retry: true });
      await this.#queue.enter();
    } catch (error) {
      // Stopped while it was still connecting.
      if (this.#stopping === null) throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#term += 1;
    this.#cancelTimer();
    await this.#turning;
    await this.#queue.leave();
    this.#move("stopped");
    await this.#parts.client.close();
  }

  #onState(): void {
    if (this.#phase !== "standby" || this.#stopping !== null) return;
    this.#term += 1;
    this.#move("leading");
    this.#parts.logger.info("this beat leads", { beat: this.#parts.name, entries: this.#parts.entries.length });
    this.#wake(0, (term) => this.#takeOver(term));
  }

  #onRefused(refused: readonly string[] | null): void {
    const { logger, name: beat } = this.#parts;
    if (refused === null) return logger.warn("a message of the state queue is not a state, it is ignored", { beat });
    const entries = refused.slice(0, mostNamed).join(", ").slice(0, longestNames);
    logger.warn("times of the state are invalid or in the future, they are ignored", {
      beat,
      entries,
      count: refused.length,
    });
  }

  #onLost(reason: Error): void {
    this.#term += 1;
    this.#cancelTimer();
    if (this.#phase !== "leading") return;
    this.#parts.logger.warn("this beat no longer leads, its connection is lost", { reason: reason.message });
    this.#move("standby");
  }

  /** Runs `work` after the delay, unless leadership has ended by then. */
  #wake(delayMs: number, work: (term: number) => Promise<void>): void {
    const term = this.#term;
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.clock.setTimer(delayMs, () => {
      // A turn of an earlier term may still wait for its confirms: two at once would overwrite each other's state.
      this.#turning = this.#turning.then(() => this.#attempt(term, work));
    });
  }

  async #attempt(term: number, work: (term: number) => Promise<void>): Promise<void> {
    try {
      if (term === this.#term) await work(term);
    } catch (error) {
      this.#warn("a turn failed, trying again", error);
      if (term === this.#term) this.#wake(pauseMs, work);
    }
  }

  async #takeOver(term: number): Promise<void> {
    await this.#queue.gather();
    if (term !== this.#term) return;
    this.#begin();
    await this.#queue.save();
    if (term === this.#term) await this.#turn(term);
  }

  /** Entries without a valid time in the state start now. */
  #begin(): void {
    this.#queue.doubt();
    const now = this.#parts.clock.now();
    const begun = this.#parts.entries.filter(({ name }) => !this.#queue.state.has(name));
    for (const { name } of begun) this.#queue.note(name, now);
  }

  async #turn(term: number): Promise<void> {
    const { entries, clock, lateness } = this.#parts;
    this.#begin();
    const { lease, state } = this.#queue;
    if (lease === null) return;
    const now = clock.now();
    const idle = entries.filter(({ name }) => !this.#underWay.has(name));
    const dues = idle.map((entry) => due(entry, state, now, lateness));
    const chosen = mostUrgent(dues, mostAtOnce);
    let hasFailed = false;
    const sends = chosen.map(async (each) => {
      if (!(await this.#send(lease, each))) hasFailed = true;
    });
    await isOverWithin(clock, turnMs, Promise.all(sends));
    await this.#queue.save();
    if (term !== this.#term) return;
    const next = chosen.length < dues.length ? now : Math.min(...dues.map((each) => each.next));
    const sleep = Math.min(Math.max(0, next - clock.now()), longestSleepMs);
    const wait = this.#underWay.size > 0 ? Math.min(sleep, pauseMs) : sleep;
    this.#wake(hasFailed ? pauseMs : wait, (later) => this.#turn(later));
  }

  /** Sends the due tick of one entry. False: its confirm is missing. */
  async #send(lease: Lease, { entry, tick, last, isSkipping }: Due): Promise<boolean> {
    if (isSkipping) this.#parts.logger.warn("ticks were missed and are not sent", { entry: entry.name });
    this.#underWay.add(entry.name);
    try {
      if (tick !== null) await this.#sendTick(lease, tick);
      this.#queue.note(entry.name, last);
      return true;
    } catch (error) {
      this.#warn("a tick was not confirmed", error, { entry: entry.name });
      return false;
    } finally {
      this.#underWay.delete(entry.name);
    }
  }

  async #sendTick(lease: Lease, tick: Tick): Promise<void> {
    const { client, ticks, name, logger } = this.#parts;
    const { task, args, kwargs, options, name: entry } = tick.entry;
    const id = tickId(name, entry, tick.time);
    // The header by which Celery 5.7 marks tasks of its beat (celery/beat.py `Scheduler.apply_async`).
    const headers = { ...options?.headers, celery_beat_task: true };
    await ticks.during(id, this.#way(lease, tick), () =>
      client.sendByName(task, { ...options, headers, args, kwargs, id }),
    );
    logger.info("task sent", { entry, task, id, due: new Date(tick.time).toISOString() });
  }

  /**
   * Publishes a tick together with the state; but alone to an exchange of its own, which is not bound to the state
   * queue.
   */
  #way(lease: Lease, { entry, time }: Tick): TickWay {
    const { transport } = this.#parts;
    return async (message, to, options) => {
      if (to.exchange !== "") return transport.publisher.publish(message, to, options);
      // The message always reaches the state queue, so the broker would not return it where the task's queue is
      // missing.
      if ((await transport.inspectQueue(to.routingKey)) === null) throw new UnroutableError(to.exchange, to.routingKey);
      await this.#queue.publishTick(lease, message, to, [entry.name, time]);
    };
  }

  #warn(message: string, error: unknown, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#parts.logger.warn(message, { ...fields, error: error instanceof Error ? error.message : typeof error });
  }

  /** An error of a listener is only logged. */
  #notify(listener: (phase: BeatPhase) => void, phase: BeatPhase): void {
    try {
      const answer: unknown = apart(() => listener(phase));
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#warn("a listener failed", error));
    } catch (error) {
      this.#warn("a listener failed", error);
    }
  }

  #move(phase: BeatPhase): void {
    if (phase === this.#phase || this.#phase === "stopped") return;
    this.#phase = phase;
    for (const listener of this.#listeners) this.#notify(listener, phase);
  }
}
