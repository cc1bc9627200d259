import type { Clock } from "../../../ports/clock.ts";
import { describeThrown } from "../../../ports/thrown.ts";
import type { Ending } from "../../rules/outcome.ts";
import { needsResult } from "../../rules/request.ts";
import type { Child, StartChild } from "./child.ts";
import { ChildAnswers, type ChildServices } from "./answers.ts";
import type { ChildRun, RunSite } from "./child-run.ts";
import { type ChildMove, type ChildState, childTransitions } from "./states.ts";
import { pack, packLeniently, unpack } from "../pipe/serialization.ts";
import type { ChildSettings, FromChild, PoolModule, ResultFor } from "../pipe/messages.ts";

/** When a child is replaced though it is well; null is never. */
export interface RecycleRules {
  readonly maxTasks: number | null;
  readonly maxMemoryBytes: number | null;
}

/** What a slot is made of. */
export interface ChildSlotParts {
  readonly clock: Clock;
  readonly startChild: StartChild;
  readonly module: PoolModule;
  readonly settings: ChildSettings;
  readonly startTimeoutMs: number;
  readonly recycle: RecycleRules;
  readonly services: ChildServices;
  /** Whether a listener, monitor or interceptor of the worker reads results now. */
  readonly watchesResults: () => boolean;
  /** The child has its tasks; these have handlers. */
  readonly onReady: (slot: ChildSlot, tasks: readonly string[]) => void;
  /** The child is free: it gets a run, or the request to end. */
  readonly onIdle: (slot: ChildSlot) => void;
  /** It will have no more runs, though it may not have ended yet. */
  readonly onLeaving: () => void;
  readonly onGone: (slot: ChildSlot, end: SlotEnd) => void;
}

/** How a child ended. */
export interface SlotEnd {
  readonly reason: string;
  /** The error of the module or of the crash; undefined where there is none. */
  readonly error: unknown;
  /** It has run a task. */
  readonly wasOfUse: boolean;
  /** The worker requested the end, or killed the child. */
  readonly wasWanted: boolean;
  /** The worker did not end the child, and the child gave no reason: it may have been killed from outside. */
  readonly wasSudden: boolean;
}

/** How long a child may take to end after the request. */
const closeMs = 5_000;

/** One child and what it runs. */
export class ChildSlot implements RunSite {
  readonly #parts: ChildSlotParts;
  readonly #child: Child;
  readonly #answers: ChildAnswers;
  readonly #gone = Promise.withResolvers<void>();
  #state: ChildState = "starting";
  #cancelTimer: () => void;
  #run: ChildRun | null = null;
  #tasksRun = 0;
  #memoryBytes = 0;
  #error: unknown;
  #ill: string | null = null;

  constructor(parts: ChildSlotParts) {
    const { clock, startChild, module, settings, startTimeoutMs, services } = parts;
    this.#parts = parts;
    this.#child = startChild({
      onMessage: (message) => this.#onMessage(message),
      onExit: (reason) => this.#onExit(reason),
    });
    this.#answers = new ChildAnswers(services, (message) => this.#child.send(message));
    this.#cancelTimer = clock.setTimer(startTimeoutMs, () => this.#fail(`not ready after ${startTimeoutMs} ms`));
    this.#child.send({ type: "load", module, settings });
  }

  get state(): ChildState {
    return this.#state;
  }

  get name(): string {
    return this.#child.name;
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  /** Whether it will have runs, now or later. */
  get isServing(): boolean {
    return this.#state === "starting" || this.#state === "idle" || this.#state === "busy";
  }

  /** It has run as many tasks, or holds as much memory, as it may. */
  get isWorn(): boolean {
    const { maxTasks, maxMemoryBytes } = this.#parts.recycle;
    return (
      (maxTasks !== null && this.#tasksRun >= maxTasks) ||
      (maxMemoryBytes !== null && this.#memoryBytes > maxMemoryBytes)
    );
  }

  /** It has run a task, so that its module is good for something. */
  get wasOfUse(): boolean {
    return this.#tasksRun > 0;
  }

  /** Resolves when the child has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Only where it is idle. */
  take(run: ChildRun): void {
    this.#move("run");
    this.#run = run;
    this.#tasksRun += 1;
    this.#answers.serve(run);
    run.begin(this);
  }

  execute(run: ChildRun): void {
    const { when: _, ...retry } = run.job.policy.retry;
    const job = pack({ ...run.job, policy: { ...run.job.policy, retry } });
    this.#child.send({ type: "run", run: run.number, job, resultFor: this.#resultFor(run) });
  }

  abort(run: ChildRun, reason: Error): void {
    this.#child.send({ type: "abort", run: run.number, reason: packLeniently(reason) });
  }

  free(): void {
    this.#run = null;
    if (!this.#move("done")) return;
    this.#parts.onIdle(this);
  }

  /** Requests an idle child to end. */
  close(): void {
    if (!this.#move("close")) return;
    this.#child.send({ type: "close" });
    this.#cancelTimer = this.#parts.clock.setTimer(closeMs, () => this.kill());
    this.#parts.onLeaving();
  }

  kill(): void {
    this.#run = null;
    if (!this.#move("kill")) return;
    this.#cancelTimer();
    this.#child.kill();
    this.#parts.onLeaving();
  }

  #resultFor({ job }: ChildRun): ResultFor {
    if (needsResult(job)) return "caller";
    return this.#parts.watchesResults() ? "watchers" : "none";
  }

  #fail(reason: string): void {
    this.#ill = reason;
    this.#child.kill();
  }

  #onMessage(message: FromChild): void {
    try {
      this.#take(message);
    } catch (error) {
      this.#error = error;
      this.#fail("it sent a message that cannot be read");
    }
  }

  #take(message: FromChild): void {
    switch (message.type) {
      case "ready":
        return this.#onReady(message.tasks);
      case "failed":
        this.#error = unpack(message.error);
        return this.#fail("its module cannot be used");
      case "crashed":
        this.#error = unpack(message.error);
        return;
      case "done":
        this.#memoryBytes = message.memoryBytes;
        if (this.#run?.number === message.run) this.#run.onEnding(unpack(message.ending) as Ending);
        return;
      default:
        return this.#answers.onAsked(message);
    }
  }

  #onReady(tasks: readonly string[]): void {
    if (!this.#move("ready")) return;
    this.#cancelTimer();
    this.#parts.onReady(this, tasks);
  }

  #onExit(exit: string): void {
    const wasWanted = this.#state === "closing" || this.#state === "killed";
    this.#cancelTimer();
    this.#move("exit");
    this.#answers.close();
    const run = this.#run;
    this.#run = null;
    const reason = this.#error === undefined ? (this.#ill ?? exit) : `${exit}, ${describeThrown(this.#error)}`;
    run?.lose(reason);
    this.#gone.resolve();
    const wasSudden = !wasWanted && this.#ill === null && this.#error === undefined;
    this.#parts.onGone(this, { reason, error: this.#error, wasOfUse: this.wasOfUse, wasWanted, wasSudden });
  }

  #move(move: ChildMove): boolean {
    const next = childTransitions[this.#state][move];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}
