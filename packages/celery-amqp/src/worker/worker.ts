import { duration, props } from "@leveret/options";
import { CeleryError } from "../ports/errors.ts";
import { checkOptions } from "../ports/options.ts";
import type { LogFields } from "../ports/logger.ts";
import type { ResolvedQueue } from "../send/queues.ts";
import { apart } from "../task/current-task.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import type { RateLimit } from "../task/options.ts";
import { logicalName } from "../send/queue-table.ts";
import { createRegistry, type TaskRegistry } from "../task/registry.ts";
import type { AnyHandler, OpenTask, TaskDefinition } from "../task/task.ts";
import type { Announcer } from "./reporting/announcer.ts";
import { Concurrency } from "./consuming/concurrency.ts";
import { Consumption } from "./consuming/consumption.ts";
import type {
  ConsumedQueue,
  Controls,
  RevokedHere,
  RevokeOptions,
  RevokeSelection,
  TimeLimitOptions,
} from "./control/controls.ts";
import { QueueConsumer } from "./consuming/consumer.ts";
import { Errbacks } from "./pipeline/errbacks.ts";
import { Handlers } from "./pool/running/handlers.ts";
import { type HealthReport, reportHealth } from "./health/report.ts";
import { fillHealth, type HealthOptions, healthShape, resolveHealth } from "./options/health.ts";
import { nextState, type WorkerMove, type WorkerState } from "./rules/lifecycle.ts";
import { Observers, type WorkerEvents } from "./reporting/observers.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import { withBuiltins } from "./pool/running/builtins.ts";
import type { Runnable } from "./pool/running/invoke.ts";
import type { Job } from "./pool/running/job.ts";
import type { Pool } from "./pool/pool.ts";
import type { TaskEvent } from "./rules/event.ts";
import { Revocations } from "./rules/revocations.ts";
import type { WorkerParts } from "./parts.ts";
import { ConnectionLost } from "../task/stop-reasons.ts";
import { Readiness } from "./health/readiness.ts";
import { RemoteControl } from "./operations/remote-control.ts";
import { Probes } from "./health/probes.ts";
import type { RunWatch } from "./reporting/run-watch.ts";
import { createAnnouncer, createPipeline, createPool, createRunWatch } from "./rooms.ts";
import { Shutdown } from "./shutdown.ts";
import { StateKeeper } from "./operations/state-keeper.ts";
import { createTaskLog } from "./reporting/task-log.ts";
import { WorkerControls } from "./operations/worker-controls.ts";

/** How a worker stops. */
export interface StopOptions {
  /** For running tasks. Default: the worker's own. */
  readonly grace?: Duration;
}

/** What the process around a worker asks of it. */
export interface StartOptions {
  /** How to ask for its health, as far as `createWorker` was not told. */
  readonly health?: HealthOptions;
}

const stopShape = props<StopOptions>({ grace: duration() });
const startShape = props<StartOptions>({ health: healthShape });

/** A program that runs tasks. Made by `createWorker`. */
export interface Worker extends Controls, AsyncDisposable {
  readonly state: WorkerState;
  /** Node name, `celery@host`. */
  readonly name: string;
  /** Handlers that were given up, at their hard limit or by a stop, and still go on: they keep the process alive. */
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
   * Takes no more tasks, hands back those that have not begun, lets running ones end within the grace, then aborts their
   * signals and hands them back too. Called again it shortens the grace of the stop under way.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** The worker of these parts. They start in the order health, transport, pool, events, queues, consumers, and stop in reverse. */
export function createWorkerOf(parts: WorkerParts): Worker {
  return new AssembledWorker(parts);
}

class AssembledWorker implements Worker {
  readonly name: string;
  readonly #parts: WorkerParts;
  readonly #tasks: TaskRegistry;
  readonly #handlers: Handlers;
  readonly #observers: Observers;
  readonly #tell: (event: TaskEvent) => void;
  readonly #pool: Pool;
  readonly #pipeline: Pipeline;
  readonly #concurrency: Concurrency;
  readonly #consumption: Consumption;
  readonly #controls: WorkerControls;
  readonly #shutdown: Shutdown;
  readonly #keeper: StateKeeper | null;
  readonly #watch: RunWatch | null;
  readonly #probes: Probes | null;
  readonly #readiness: Readiness;
  readonly #announcer: Announcer | null;
  readonly #remote: RemoteControl | null;
  #state: WorkerState = "new";
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.name = parts.nodeName;
    const { options, clock, log, saved } = parts;
    const tasks = createRegistry(withBuiltins(options.tasks, (name) => this.#handlers.find(name)));
    const revocations = new Revocations();
    this.#tasks = tasks;
    this.#handlers = new Handlers(tasks, options.pools);
    this.#observers = new Observers(log);
    this.#tell = createTaskLog(log, options.logLevel);
    this.#keeper = saved && new StateKeeper({ ...saved, revocations, clock, log });
    this.#watch = createRunWatch(parts);
    const runnable = (job: Job): Runnable => this.#handlers.runnable(job);
    const handlerOf = (name: string): AnyHandler | null => this.#handlers.find(name)?.handler ?? null;
    const pool = createPool(parts, {
      tasks,
      runnable,
      watch: this.#watch,
      announcer: () => this.#announcer,
      hearsOfResults: () => this.#observers.hears("taskSucceeded"),
    });
    const concurrency = new Concurrency(options.slots, options.consumed);
    this.#concurrency = concurrency; // consumers made below ask it
    const readiness = new Readiness(parts);
    this.#readiness = readiness;
    const pipeline = createPipeline(parts, {
      readiness,
      errbacks: new Errbacks({ ...parts, tasks, pool, hostname: this.name, handlerOf }),
      tasks,
      pool,
      lanes: concurrency.lanes,
      revoked: revocations,
      emit: (event) => this.#emit(event),
      onHeld: (queue, held) => this.#consumption.onHeld(queue, held),
      quiet: () => this.#consumption.quiet(),
      wake: () => this.#consumption.wake(),
    });
    const consumption = new Consumption(options.consumed.queues.values(), {
      createConsumer: (queue) => this.#createConsumer(queue),
      onCancelled: (queue) => pipeline.forget(queue),
    });
    const isServed = (queue: string): boolean =>
      consumption.names.some((name) => name === queue || logicalName(options.queues, name) === queue);
    parts.sending.awaited.serve({
      holders: (job) => pipeline.holders(job),
      isOurs: (name, queue) => tasks.get(name) !== null && (queue === null || isServed(queue)),
    });
    const onChanged = (): void => this.#keeper?.changed();
    const rooms = { tasks, pool, pipeline, concurrency, consumption, revocations };
    this.#controls = new WorkerControls({ ...rooms, clock, log, state: () => this.#state, onChanged });
    this.#shutdown = new Shutdown({ clock, consumption, pipeline, pool });
    this.#pool = pool;
    this.#pipeline = pipeline;
    this.#consumption = consumption;
    this.#probes = this.#createProbes();
    parts.transport.onState((now) => this.#observers.emit({ type: "connectionChanged", state: now }));
    const announcer = createAnnouncer(parts, { tasks, active: () => pipeline.counts.active });
    this.#announcer = announcer;
    const reached = { ...parts, ...rooms, controls: this.#controls, announcer, commanded: this, onChanged };
    const shutdown = (): void => void this.stop();
    const { remoteControl: allowance } = options;
    this.#remote = allowance && new RemoteControl({ ...reached, shutdown, allowance });
  }

  get state(): WorkerState {
    return this.#state;
  }

  get runaways(): number {
    return this.#pool.runaways;
  }

  get droppedEvents(): number {
    return this.#announcer?.dropped ?? 0;
  }

  get health(): HealthReport {
    const { state, name: worker } = this;
    const { states: queues } = this.#consumption;
    const { total: concurrency } = this.#concurrency;
    const transport = this.#parts.transport.state;
    const { reasons: obstacles } = this.#readiness;
    return reportHealth({ worker, state, transport, queues, concurrency, obstacles, ...this.#pipeline.counts });
  }

  get healthPort(): number | null {
    return this.#probes?.port ?? null;
  }

  implement(task: TaskDefinition, run: AnyHandler): this {
    if (this.#state !== "new")
      throw new CeleryError("worker-state", `Task "${task.name}" comes too late: implement tasks before the start`);
    this.#handlers.implement(task, run);
    return this;
  }

  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void {
    return this.#observers.on(type, listener);
  }

  revoke(what: RevokeSelection, options?: RevokeOptions): RevokedHere {
    return this.#controls.revoke(what, options);
  }

  setRateLimit(task: TaskDefinition | string, rate: RateLimit): void {
    this.#controls.setRateLimit(task, rate);
  }

  setTimeLimit(task: TaskDefinition | string, limits: TimeLimitOptions): void {
    this.#controls.setTimeLimit(task, limits);
  }

  pause(queue?: string): Promise<void> {
    return this.#controls.pause(queue);
  }

  resume(queue?: string): Promise<void> {
    return this.#controls.resume(queue);
  }

  addConsumer(queue: string | ConsumedQueue): Promise<void> {
    return this.#controls.addConsumer(queue);
  }

  cancelConsumer(queue: string): Promise<void> {
    return this.#controls.cancelConsumer(queue);
  }

  setConcurrency(concurrency: number, queue?: string): Promise<void> {
    return this.#controls.setConcurrency(concurrency, queue);
  }

  start(options: StartOptions = {}): Promise<void> {
    checkOptions(startShape, options, "start");
    this.#starting ??= apart(() => this.#start(options));
    return this.#starting;
  }

  async stop(options: StopOptions = {}): Promise<void> {
    checkOptions(stopShape, options, "stop");
    const graceMs = options.grace === undefined ? this.#parts.options.graceMs : durationMs(options.grace, "grace");
    if (this.#state === "new") this.#move("stop");
    if (this.#state === "stopped") return;
    if (this.#stopping === null) this.#stopping = this.#stop(graceMs);
    else this.#shutdown.shorten(graceMs);
    await this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start({ health }: StartOptions): Promise<void> {
    this.#move("start");
    try {
      this.#handlers.assertAll();
      this.#warnOfUnserved();
      await this.#whileStarting(this.#startProbes(health));
      await this.#whileStarting(this.#keeper?.start());
      await this.#whileStarting(this.#parts.transport.connect());
      await this.#whileStarting(this.#readiness.start());
      await this.#whileStarting(this.#pool.start());
      this.#watch?.start(this.#pool);
      this.#announcer?.start();
      await this.#whileStarting(this.#remote?.start());
      await this.#whileStarting(this.#consumption.start());
      this.#remote?.open();
    } catch (error) {
      await this.#release();
      if (this.#state === "starting") this.#move("failed");
      throw error;
    }
    if (this.#state === "starting")
      this.#move("started", { queues: this.#consumption.names.join(","), concurrency: this.#concurrency.total });
  }

  /** What is started after the stop would be left behind. */
  async #whileStarting(step: Promise<void> | undefined): Promise<void> {
    await step;
    if (this.#state !== "starting")
      throw new CeleryError("closed", `The worker ${this.name} was stopped while it started`);
  }

  async #startProbes(options: HealthOptions | undefined): Promise<void> {
    const own = this.#parts.health?.options ?? resolveHealth();
    await this.#probes?.start(fillHealth(own, resolveHealth(options)));
  }

  /** Tasks that are sent elsewhere would wait there for ever if nobody else serves that queue. */
  #warnOfUnserved(): void {
    for (const { name, options } of this.#tasks.list()) {
      if (options.queue === undefined || this.#consumption.has(options.queue)) continue;
      this.#parts.log.warn("a task is sent to a queue that this worker does not serve", { name, queue: options.queue });
    }
  }

  async #stop(graceMs: number): Promise<void> {
    this.#move("stop");
    await this.#shutdown.run(graceMs);
    await this.#release();
    this.#move("drained");
  }

  /** Monitors hear the end of everything. Results are closed when nobody stores any more, and the transport last: acks still had to pass. To the last it can be asked how it is. */
  async #release(): Promise<void> {
    try {
      this.#remote?.stop();
      await this.#announcer?.stop();
      void this.#parts.broadcaster.close(); // it may wait for the broker, until the transport is closed
      this.#readiness.stop();
      await this.#parts.results.close();
      this.#watch?.stop();
      await this.#pool.stop();
      await this.#parts.transport.close();
    } finally {
      await this.#keeper?.stop();
      await this.#probes?.stop();
    }
  }

  #move(move: WorkerMove, details: LogFields = {}): void {
    const from = this.#state;
    const to = nextState(from, move);
    if (to === null) throw new CeleryError("worker-state", `A worker that is ${from} cannot ${move}: create a new one`);
    this.#state = to;
    this.#parts.log.info(`worker ${to}`, { worker: this.name, ...details });
    this.#observers.emit({ type: "stateChanged", from, to });
  }

  #emit(event: TaskEvent): void {
    this.#tell(event);
    this.#observers.emit(event);
    this.#announcer?.tell(event);
    this.#remote?.tell(event);
  }

  #createConsumer(queue: ResolvedQueue): QueueConsumer {
    const { transport, options, log, delayQueues } = this.#parts;
    delayQueues.serve(queue.name, queue.declaration);
    return new QueueConsumer({
      transport,
      queue,
      prefetch: this.#concurrency.prefetchOf(queue),
      clock: this.#parts.clock,
      scheduledLimit: options.scheduledLimit,
      log,
      onDelivery: (delivery) => this.#pipeline.receive(delivery),
      onLost: (name) => this.#onLost(name),
      onConsumed: (name) => delayQueues.onConsumed(name),
    });
  }

  /** What has not begun comes again, and so does what runs and is acked late. */
  #onLost(queue: string): void {
    this.#pipeline.forget(queue);
    if (!this.#parts.options.cancelOnConnectionLoss) return;
    for (const request of this.#pipeline.running) {
      const comesAgain = request.queue === queue && request.policy.acks === "late";
      if (comesAgain) this.#pool.abort(request.task.id, new ConnectionLost());
    }
  }

  #createProbes(): Probes | null {
    const { health, clock, log } = this.#parts;
    return health && new Probes({ host: health.host, clock, log, health: () => this.health });
  }
}
