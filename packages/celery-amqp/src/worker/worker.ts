import { duration, props } from "@leveret/options";
import type { Broadcaster } from "../control/broadcaster.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import { checkOptions } from "../ports/options.ts";
import type { Transport } from "../ports/transport.ts";
import type { ResultStore } from "../results/backend.ts";
import { apart } from "../task/current-task.ts";
import { type Duration, durationMs } from "../ports/duration.ts";
import type { RateLimit } from "../task/options.ts";
import type { AnyHandler, OpenTask, TaskDefinition } from "../task/task.ts";
import type { Concurrency } from "./consuming/concurrency.ts";
import type { Consumption } from "./consuming/consumption.ts";
import type {
  ConsumedQueue,
  Controls,
  RevokedHere,
  RevokeOptions,
  RevokeSelection,
  TimeLimitOptions,
} from "./control/controls.ts";
import type { Probes } from "./health/probes.ts";
import type { Readiness } from "./health/readiness.ts";
import type { HealthReport } from "./health/report.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { RemoteControl } from "./operations/remote-control.ts";
import type { StateKeeper } from "./operations/state-keeper.ts";
import type { WorkerControls } from "./operations/worker-controls.ts";
import { fillHealth, type HealthOptions, healthShape, type ResolvedHealth, resolveHealth } from "./options/health.ts";
import type { ResolvedWorker } from "./options/worker.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { Pool } from "./pool/pool.ts";
import type { Handlers } from "./pool/running/handlers.ts";
import type { Announcer } from "./reporting/announcer.ts";
import type { Observers, WorkerEvents } from "./reporting/observers.ts";
import type { RunWatch } from "./reporting/run-watch.ts";
import type { WorkerState } from "./rules/lifecycle.ts";
import type { Shutdown } from "./shutdown.ts";

/** How a worker stops. */
export interface StopOptions {
  /** For running tasks. Default: the worker's own. */
  readonly grace?: Duration;
}

/** Options of a start. */
export interface StartOptions {
  /** Health endpoints and heartbeat file, where the options of `createWorker` have none. */
  readonly health?: HealthOptions;
}

const stopShape = props<StopOptions>({ grace: duration() });
const startShape = props<StartOptions>({ health: healthShape });

/** A program that runs tasks. Made by `createWorker`. */
export interface Worker extends Controls, AsyncDisposable {
  /** Current state of the worker. */
  readonly state: WorkerState;
  /** Node name, `celery@host`. */
  readonly name: string;
  /** Handlers that keep running detached after their hard limit or a stop: they keep the process alive. */
  readonly runaways: number;
  /** Events about tasks that monitors missed, because the broker was away or too slow for them. */
  readonly droppedEvents: number;
  /** How it is now: what its health endpoints answer, for servers and metrics of your own. */
  readonly health: HealthReport;
  /** Port of its health endpoints; null where there are none, before the start and after the stop. */
  readonly healthPort: number | null;
  /** Gives a task that was declared without a handler its handler. Only before the start. */
  implement<Run extends AnyHandler>(task: OpenTask<Run>, run: NoInfer<Run>): this;
  /** Calls `listener` at each event of that name; the returned function stops that. */
  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void;
  /**
   * Lets itself be asked for its health, connects, declares the queues and begins to take tasks.
   *
   * @throws CeleryError `option-invalid` for a health port or file that cannot be had, `task-unhandled`, `pool-failed`, `broker-unreachable`, `access-refused`, `vhost-missing`, `queue-mismatch`, …
   */
  start(options?: StartOptions): Promise<void>;
  /**
   * Takes no more tasks, requeues tasks that have not begun, lets running ones end within the grace, then aborts their
   * signals and requeues them too. A second call shortens the grace of the stop in progress.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** What a worker starts and stops, built by `assembleWorker`. */
export interface WorkerParts {
  readonly name: string;
  readonly options: Pick<ResolvedWorker, "graceMs">;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly handlers: Handlers;
  readonly observers: Observers;
  readonly controls: WorkerControls;
  readonly transport: Transport;
  readonly results: ResultStore;
  readonly broadcaster: Broadcaster;
  readonly pool: Pool;
  readonly pipeline: Pipeline;
  readonly concurrency: Concurrency;
  readonly consumption: Consumption;
  readonly readiness: Readiness;
  readonly shutdown: Shutdown;
  /** Null: no state file. */
  readonly keeper: StateKeeper | null;
  /** Null: stuck runs are not reported. */
  readonly watch: RunWatch | null;
  /** Null: no events are sent. */
  readonly announcer: Announcer | null;
  /** Null: no remote control. */
  readonly remote: RemoteControl | null;
  /** Null: no health endpoints, no heartbeat file. */
  readonly probes: Probes | null;
  readonly health: () => HealthReport;
  /** The health options of the worker itself, which win over those of `start`. */
  readonly ownHealth: ResolvedHealth | null;
}

/** Starts its parts in the order health, transport, pool, events, queues, consumers, and stops them in reverse. */
export class AssembledWorker implements Worker {
  readonly name: string;
  readonly #parts: WorkerParts;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.name = parts.name;
  }

  get state(): WorkerState {
    return this.#parts.lifecycle.state;
  }

  get runaways(): number {
    return this.#parts.pool.runaways;
  }

  get droppedEvents(): number {
    return this.#parts.announcer?.dropped ?? 0;
  }

  get health(): HealthReport {
    return this.#parts.health();
  }

  get healthPort(): number | null {
    return this.#parts.probes?.port ?? null;
  }

  implement(task: TaskDefinition, run: AnyHandler): this {
    if (this.state !== "new")
      throw new CeleryError("worker-state", `Task "${task.name}" comes too late: implement tasks before the start`);
    this.#parts.handlers.implement(task, run);
    return this;
  }

  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void {
    return this.#parts.observers.on(type, listener);
  }

  revoke(what: RevokeSelection, options?: RevokeOptions): RevokedHere {
    return this.#parts.controls.revoke(what, options);
  }

  setRateLimit(task: TaskDefinition | string, rate: RateLimit): void {
    this.#parts.controls.setRateLimit(task, rate);
  }

  setTimeLimit(task: TaskDefinition | string, limits: TimeLimitOptions): void {
    this.#parts.controls.setTimeLimit(task, limits);
  }

  pause(queue?: string): Promise<void> {
    return this.#parts.controls.pause(queue);
  }

  resume(queue?: string): Promise<void> {
    return this.#parts.controls.resume(queue);
  }

  addConsumer(queue: string | ConsumedQueue): Promise<void> {
    return this.#parts.controls.addConsumer(queue);
  }

  cancelConsumer(queue: string): Promise<void> {
    return this.#parts.controls.cancelConsumer(queue);
  }

  setConcurrency(concurrency: number, queue?: string): Promise<void> {
    return this.#parts.controls.setConcurrency(concurrency, queue);
  }

  start(options: StartOptions = {}): Promise<void> {
    checkOptions(startShape, options, "start");
    this.#starting ??= apart(() => this.#start(options));
    return this.#starting;
  }

  async stop(options: StopOptions = {}): Promise<void> {
    checkOptions(stopShape, options, "stop");
    const { lifecycle, shutdown, options: own } = this.#parts;
    const graceMs = options.grace === undefined ? own.graceMs : durationMs(options.grace, "grace");
    if (lifecycle.state === "new") lifecycle.move("stop");
    if (lifecycle.state === "stopped") return;
    if (this.#stopping === null) this.#stopping = this.#stop(graceMs);
    else shutdown.shorten(graceMs);
    await this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start({ health }: StartOptions): Promise<void> {
    const { lifecycle, handlers, probes, ownHealth, keeper, transport, readiness, pool, watch } = this.#parts;
    const { announcer, remote, consumption, concurrency, pipeline } = this.#parts;
    lifecycle.move("start");
    try {
      handlers.assertAll();
      this.#warnOfUnserved();
      await this.#whileStarting(probes?.start(fillHealth(ownHealth ?? resolveHealth(), resolveHealth(health))));
      await this.#whileStarting(keeper?.start());
      await this.#whileStarting(transport.connect());
      await this.#whileStarting(readiness.start());
      await this.#whileStarting(pool.start());
      watch?.start(pool);
      announcer?.start(() => pipeline.counts.active);
      await this.#whileStarting(remote?.start(() => void this.stop()));
      await this.#whileStarting(consumption.start(pipeline));
      remote?.open();
    } catch (error) {
      await this.#release();
      if (this.state === "starting") lifecycle.move("failed");
      throw error;
    }
    if (this.state === "starting")
      lifecycle.move("started", { queues: consumption.names.join(","), concurrency: concurrency.total });
  }

  /** A part that is started after the stop would be left behind. */
  async #whileStarting(step: Promise<void> | undefined): Promise<void> {
    await step;
    if (this.state !== "starting")
      throw new CeleryError("closed", `The worker was stopped while it started: ${this.name}.`);
  }

  /** A task that is sent to another queue waits there until a worker serves that queue. */
  #warnOfUnserved(): void {
    const { handlers, consumption, log } = this.#parts;
    for (const { name, options } of handlers.tasks.list()) {
      if (options.queue === undefined || consumption.has(options.queue)) continue;
      log.warn("a task is sent to a queue that this worker does not serve", { name, queue: options.queue });
    }
  }

  async #stop(graceMs: number): Promise<void> {
    const { lifecycle, shutdown } = this.#parts;
    lifecycle.move("stop");
    await shutdown.run(graceMs);
    await this.#release();
    lifecycle.move("drained");
  }

  /** Monitors get the last events first; results are closed before the transport, since acks still have to pass; health is served last. */
  async #release(): Promise<void> {
    const { remote, announcer, broadcaster, readiness, results, watch, pool, transport, keeper, probes } = this.#parts;
    try {
      remote?.stop();
      await announcer?.stop();
      void broadcaster.close(); // it may wait for the broker, until the transport is closed
      readiness.stop();
      await results.close();
      watch?.stop();
      await pool.stop();
      await transport.close();
    } finally {
      await keeper?.stop();
      await probes?.stop();
    }
  }
}
