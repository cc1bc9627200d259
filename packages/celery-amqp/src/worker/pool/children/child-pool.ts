import { CeleryError } from "../../../ports/errors.ts";
import type { Logger } from "../../../ports/logger.ts";
import { isErrorLike, tracebackOf } from "../../../ports/thrown.ts";
import type { Outcome } from "../../rules/outcome.ts";
import { ChildRun, type ChildRunParts } from "./child-run.ts";
import { ChildSlot, type SlotEnd, type ChildSlotParts } from "./child-slot.ts";
import type { Job } from "../running/job.ts";
import type { Pool, RunningJob } from "../pool.ts";
import { WorkerStopping } from "../../../task/stop-reasons.ts";

/** What a pool of children is made of. */
export interface ChildPoolParts
  extends Omit<ChildSlotParts, "onReady" | "onIdle" | "onLeaving" | "onGone">, ChildRunParts {
  /** Children, to begin with. */
  readonly size: number;
  /** Tasks that must have handlers in the module. */
  readonly tasks: () => readonly string[];
  readonly log: Logger;
}

/** Waits before another child is started where they die at their start: from the first to the longest. */
const backoffMs = { first: 200, longest: 30_000 };

/** Children that may be killed while the pool starts, before it is taken for the module's fault. */
const killsAtStart = 3;

/** How long children may take to end when the pool stops; longer only if one is a thread that cannot be killed. */
const stopMs = 10_000;

/**
 * Runs tasks in children, one in each at a time, and replaces those that die, wear out or have to be killed. Jobs wait in
 * line where no child is free, as while one is being replaced.
 */
export class ChildPool implements Pool {
  readonly #parts: ChildPoolParts;
  readonly #slots = new Set<ChildSlot>();
  readonly #runs = new Set<ChildRun>();
  readonly #line: ChildRun[] = [];
  #size: number;
  #lastRun = 0;
  #started: PromiseWithResolvers<void> | null = null;
  /** The module was loaded by a child once. */
  #isUp = false;
  /** Children that ended, one after the other, before they had run anything. */
  #useless = 0;
  #cancelBackoff: (() => void) | null = null;
  /** One is tried before all are. */
  #isProbing = false;
  #stopped = false;

  constructor(parts: ChildPoolParts) {
    this.#parts = parts;
    this.#size = parts.size;
  }

  get size(): number {
    return this.#size;
  }

  /** A killed child is as good as gone, but for a thread in native code, which runs to the end of it. */
  get runaways(): number {
    return [...this.#slots].filter(({ state }) => state === "killed").length;
  }

  get processes(): readonly number[] {
    return [...this.#slots].flatMap(({ pid }) => pid ?? []);
  }

  get running(): readonly RunningJob[] {
    return [...this.#runs].flatMap(({ job, startedAt, pid }) =>
      startedAt === null ? [] : [{ job, startedAt, ...(pid !== null && { pid }) }],
    );
  }

  /** Resolves with the first child; the others follow it, for what it could load they can load too. */
  async start(): Promise<void> {
    this.#started ??= Promise.withResolvers();
    // Where not even the first child can be created, no caller awaits it.
    this.#started.promise.catch(() => {});
    this.#slot();
    await this.#started.promise;
  }

  run(job: Job, finish: (outcome: Outcome) => void): void {
    const run = new ChildRun(++this.#lastRun, job, this.#parts, (outcome) => {
      this.#runs.delete(run);
      finish(outcome);
    });
    this.#runs.add(run);
    this.#line.push(run);
    this.#serveLine();
  }

  abort(taskId: string, reason: Error): boolean {
    const runs = this.#runsOf(taskId);
    for (const run of runs) run.abort(reason);
    return runs.length > 0;
  }

  terminate(taskId: string): boolean {
    const runs = this.#runsOf(taskId);
    for (const run of runs) this.#giveUp(run, { kind: "terminated" });
    return runs.length > 0;
  }

  resize(size: number): void {
    this.#size = size;
    for (const slot of this.#slots) this.#closeIfSpare(slot);
    this.#fill();
  }

  interrupt(): void {
    const runs = [...this.#runs];
    for (const run of runs) {
      if (run.startedAt === null) this.#giveUp(run, { kind: "interrupted" });
      else run.abort(new WorkerStopping());
    }
  }

  abandon(): void {
    const runs = [...this.#runs];
    for (const run of runs) this.#giveUp(run, { kind: "interrupted" });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelBackoff?.();
    this.#started?.reject(new CeleryError("closed", "The worker stopped before its pool had started"));
    this.abandon();
    const slots = [...this.#slots];
    for (const slot of slots) {
      if (slot.state === "idle") slot.close();
      else slot.kill();
    }
    const late = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.setTimer(stopMs, late.resolve);
    await Promise.race([Promise.all(slots.map((slot) => slot.gone)), late.promise]);
    cancel();
  }

  #giveUp(run: ChildRun, ending: Parameters<ChildRun["giveUp"]>[0]): void {
    const waiting = this.#line.indexOf(run);
    if (waiting >= 0) this.#line.splice(waiting, 1);
    run.giveUp(ending);
  }

  #runsOf(taskId: string): readonly ChildRun[] {
    return [...this.#runs].filter(({ job }) => job.task.id === taskId);
  }

  #serveLine(): void {
    for (const slot of this.#slots) {
      if (this.#line.length === 0) return;
      if (slot.state !== "idle") continue;
      const run = this.#line.shift();
      if (run !== undefined) slot.take(run);
    }
  }

  #serving(): number {
    let serving = 0;
    for (const slot of this.#slots) if (slot.isServing) serving += 1;
    return serving;
  }

  /** As many children as there should be, unless they have been dying at their start. */
  #fill(): void {
    if (this.#stopped || !this.#isUp || this.#isProbing || this.#cancelBackoff !== null) return;
    for (let missing = this.#size - this.#serving(); missing > 0; missing--) this.#slot();
  }

  #slot(): void {
    const slot = new ChildSlot({
      ...this.#parts,
      onReady: (ready, tasks) => this.#onReady(ready, tasks),
      onIdle: (idle) => this.#onIdle(idle),
      onLeaving: () => this.#fill(),
      onGone: (gone, end) => this.#onGone(gone, end),
    });
    this.#slots.add(slot);
  }

  #onReady(slot: ChildSlot, tasks: readonly string[]): void {
    this.#isProbing = false;
    if (!this.#isUp && !this.#admit(tasks)) return;
    this.#fill();
    this.#onIdle(slot);
  }

  /** What the first child could load decides whether the pool starts. */
  #admit(tasks: readonly string[]): boolean {
    const known = new Set(tasks);
    const missing = this.#parts.tasks().filter((name) => !known.has(name));
    this.#isUp = missing.length === 0;
    if (this.#isUp) this.#started?.resolve();
    else this.#started?.reject(unhandled(missing, this.#parts.module.url));
    return this.#isUp;
  }

  #onIdle(slot: ChildSlot): void {
    if (slot.wasOfUse) this.#useless = 0;
    if (slot.isWorn) slot.close();
    else if (!this.#closeIfSpare(slot)) this.#serveLine();
  }

  #closeIfSpare(slot: ChildSlot): boolean {
    if (slot.state !== "idle" || this.#serving() <= this.#size) return false;
    slot.close();
    return true;
  }

  #onGone(slot: ChildSlot, end: SlotEnd): void {
    this.#slots.delete(slot);
    if (this.#stopped) return;
    if (!this.#isUp && !this.#mayTryAgain(end)) this.#started?.reject(startFailed(this.#parts.module.url, end));
    else if (!this.#isUp) this.#replaceLater(slot, end);
    else if (end.wasWanted) this.#fill();
    else if (end.wasOfUse) this.#replace(slot, end);
    else this.#replaceLater(slot, end);
  }

  /** A child that died without a word may have been killed, as by a system short of memory, and the next one lives. */
  #mayTryAgain({ wasSudden }: SlotEnd): boolean {
    return wasSudden && this.#useless < killsAtStart;
  }

  #replace({ name }: ChildSlot, { reason }: SlotEnd): void {
    this.#parts.log.warn("a child of the pool died and is replaced", { child: name, reason });
    this.#fill();
  }

  #replaceLater({ name }: ChildSlot, { reason, error }: SlotEnd): void {
    this.#isProbing = false;
    if (this.#cancelBackoff !== null) return;
    const delayMs = Math.min(backoffMs.longest, backoffMs.first * 2 ** this.#useless);
    this.#useless += 1;
    this.#parts.log.error("a child of the pool died before it could run a task: another is tried later", {
      child: name,
      module: this.#parts.module.url,
      reason,
      nextTryMs: delayMs,
      ...(isErrorLike(error) && { traceback: tracebackOf(error) }),
    });
    this.#cancelBackoff = this.#parts.clock.setTimer(delayMs, () => this.#probe());
  }

  #probe(): void {
    this.#cancelBackoff = null;
    if (this.#serving() >= this.#size) return;
    this.#isProbing = true;
    this.#slot();
  }
}

function unhandled(missing: readonly string[], url: string): CeleryError {
  const names = missing.map((name) => `"${name}"`).join(", ");
  return new CeleryError(
    "task-unhandled",
    `The pool's module ${url} has no handler for ${names}: export the task there, defined with its handler, or let it run in the worker itself (pool: "inline"). A handler given by worker.implement cannot cross into a child`,
  );
}

function startFailed(url: string, { reason, error }: SlotEnd): CeleryError {
  return new CeleryError(
    "pool-failed",
    `A child of the pool cannot start with the module ${url} (${reason}). Fix the module, or name another one in the option pool.`,
    { cause: error },
  );
}
