import type { Client, Clock, Ids, Logger, Transport } from "@leveret/celery-amqp";
import { pruned } from "../rules/beat-state.ts";
import { type Due, due, type Lateness, type Tick } from "../rules/due.ts";
import { tickId } from "../rules/tick-id.ts";
import type { ResolvedEntry } from "../schedule/entry.ts";
import { stateQueue, StateQueue } from "./state-queue.ts";

/** Where a beat is: `standby` waits for the leader to go, `leading` sends what is due. */
export type BeatPhase = "new" | "standby" | "leading" | "stopped";

/** A beat. Several of one name share the work by one of them doing all of it. */
export interface Beat extends AsyncDisposable {
  readonly phase: BeatPhase;
  /** Calls `listener` at every change of phase; the returned function stops that. */
  onPhase(listener: (phase: BeatPhase) => void): () => void;
  /**
   * Connects, trying for as long as no broker answers, and stands in line.
   *
   * @throws CeleryError `access-refused`, `vhost-missing`, `queue-mismatch`, `closed`
   */
  start(): Promise<void>;
  /** Finishes what is being sent, lets another lead, disconnects. Safe to call twice. */
  stop(): Promise<void>;
}

/** What a beat is made of. */
export interface BeatParts {
  /** Closed with the client. */
  readonly transport: Transport;
  readonly client: Client;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly name: string;
  readonly entries: readonly ResolvedEntry[];
  readonly lateness: Lateness;
}

/** Celery's `beat_max_loop_interval`; clocks that are set do not go unnoticed for longer. */
const longestSleepMs = 300_000;
/** Between tries of what failed. */
const pauseMs = 1_000;
/** How often, and after which time, a new leader looks whether all states have come. */
const gathering = { tries: 40, pauseMs: 50 } as const;

/** Sends what is due while it leads. One turn at a time: send, wait for the confirms, save, sleep until the next tick. */
export class CeleryBeat implements Beat {
  readonly #parts: BeatParts;
  readonly #queue: StateQueue;
  readonly #listeners = new Set<(phase: BeatPhase) => void>();
  #phase: BeatPhase = "new";
  #turning: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  #stopping: Promise<void> | null = null;
  /** Counted up when leadership comes or goes: a turn begun before does not go on after. */
  #term = 0;

  constructor(parts: BeatParts) {
    const { transport, ids, name, entries, clock } = parts;
    this.#parts = parts;
    this.#queue = new StateQueue({
      transport,
      topology: stateQueue(name),
      uuid: () => ids.uuid(),
      trim: (state) => pruned(state, entries, clock.now()),
      onState: () => this.#onState(),
      onLost: (reason) => this.#onLost(reason),
      onRestored: () => void this.#queue.seed().catch((error: unknown) => this.#warn("no state could be put", error)),
    });
  }

  get phase(): BeatPhase {
    return this.#phase;
  }

  onPhase(listener: (phase: BeatPhase) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    if (this.#phase !== "new") return;
    this.#move("standby");
    try {
      await this.#parts.transport.connect({ retry: true });
      await this.#queue.enter();
    } catch (error) {
      // Told to stop while it still looked for a broker.
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
    this.#parts.log.info("this beat leads", { beat: this.#parts.name, entries: this.#parts.entries.length });
    this.#wake(0, (term) => this.#takeOver(term));
  }

  #onLost(reason: Error): void {
    this.#term += 1;
    this.#cancelTimer();
    if (this.#phase !== "leading") return;
    this.#parts.log.warn("this beat no longer leads: its connection is lost", { reason: reason.message });
    this.#move("standby");
  }

  /** Runs `work` in so many milliseconds, unless leadership has gone by then. */
  #wake(delayMs: number, work: (term: number) => Promise<void>): void {
    const term = this.#term;
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.clock.setTimer(delayMs, () => {
      // A turn of an earlier term may still wait for its confirms: two at once would each save without the other.
      this.#turning = this.#turning.then(() => this.#attempt(term, work));
    });
  }

  async #attempt(term: number, work: (term: number) => Promise<void>): Promise<void> {
    try {
      if (term === this.#term) await work(term);
    } catch (error) {
      this.#warn("a turn failed; what is due is tried again", error);
      if (term === this.#term) this.#wake(pauseMs, work);
    }
  }

  /** A leader that was killed may have left a later state behind the first. */
  async #takeOver(term: number, tries: number = gathering.tries): Promise<void> {
    if (tries > 0 && !(await this.#queue.isComplete())) {
      if (term === this.#term) this.#wake(gathering.pauseMs, (now) => this.#takeOver(now, tries - 1));
      return;
    }
    const now = this.#parts.clock.now();
    const begun = this.#parts.entries.filter(({ name }) => !this.#queue.state.has(name));
    // Saved in any case: RabbitMQ counts how often it has delivered a message, and drops what it has too often.
    await this.#queue.save(new Map(begun.map(({ name }) => [name, now])));
    if (term === this.#term) await this.#turn(term);
  }

  async #turn(term: number): Promise<void> {
    const { entries, clock, lateness } = this.#parts;
    const now = clock.now();
    const state = this.#queue.state;
    const dues = entries.map((entry) => due(entry, state, now, lateness));
    const reached: [string, number][] = [];
    let hasFailed = false;
    await Promise.all(
      dues.map(async (each) => {
        const sent = await this.#send(each);
        if (sent !== null && sent !== state.get(each.entry.name)) reached.push([each.entry.name, sent]);
        if (sent !== each.last) hasFailed = true;
      }),
    );
    if (reached.length > 0) await this.#queue.save(new Map(reached));
    if (term !== this.#term) return;
    const next = Math.min(...dues.map((each) => each.next));
    const sleep = Math.min(Math.max(0, next - clock.now()), longestSleepMs);
    this.#wake(hasFailed ? pauseMs : sleep, (later) => this.#turn(later));
  }

  /** Sends what is due of one entry. Tells its last tick that needs no sending again; null where there is none. */
  async #send({ entry, tick, last, isSkipping }: Due): Promise<number | null> {
    if (isSkipping) this.#parts.log.warn("ticks were missed and are not sent", { entry: entry.name });
    try {
      if (tick !== null) await this.#sendTick(tick);
      return last;
    } catch (error) {
      this.#warn(`the tick of ${entry.name} could not be sent; it is tried again`, error);
      return null;
    }
  }

  async #sendTick({ entry, time }: Tick): Promise<void> {
    const { client, name, log } = this.#parts;
    const { task, args, kwargs, options } = entry;
    const id = tickId(name, entry.name, time);
    await client.sendByName(task, { ...options, args, kwargs, id });
    log.info("task sent", { entry: entry.name, task, id, due: new Date(time).toISOString() });
  }

  #warn(message: string, error: unknown): void {
    this.#parts.log.warn(message, { error: error instanceof Error ? error.message : String(error) });
  }

  #move(phase: BeatPhase): void {
    if (phase === this.#phase || this.#phase === "stopped") return;
    this.#phase = phase;
    for (const listener of this.#listeners) listener(phase);
  }
}
