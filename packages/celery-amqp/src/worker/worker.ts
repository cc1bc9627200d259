import { CeleryError } from "../ports/errors.ts";
import type { LogFields } from "../ports/logger.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import { createRegistry, type TaskRegistry } from "../task/registry.ts";
import type { AnyHandler, TaskDefinition } from "../task/task.ts";
import { QueueConsumer } from "./consumer.ts";
import { Grace } from "./grace.ts";
import { type HealthReport, reportHealth } from "./health.ts";
import { fillHealth, type HealthOptions, resolveHealth } from "./health-options.ts";
import { nextState, type WorkerMove, type WorkerState } from "./lifecycle.ts";
import { Observers, type WorkerEvents } from "./observers.ts";
import type { ResolvedWorker } from "./options.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { Runnable } from "./pool/invoke.ts";
import type { Job } from "./pool/job.ts";
import type { Pool } from "./pool/pool.ts";
import type { TaskEvent } from "./rules/event.ts";
import type { WorkerParts } from "./parts.ts";
import { Probes } from "./probes.ts";
import { createPipeline, createPool } from "./rooms.ts";
import { createTaskLog } from "./task-log.ts";

/** What the process around a worker asks of it. */
export interface StartOptions {
  /** How to ask for its health, as far as `createWorker` was not told. */
  readonly health?: HealthOptions;
}

/** A program that runs tasks. Made by `createWorker`. */
export interface Worker extends AsyncDisposable {
  readonly state: WorkerState;
  /** Node name, `celery@host`. */
  readonly name: string;
  /** Handlers that were given up, at their hard limit or by a stop, and still go on: they keep the process alive. */
  readonly runaways: number;
  /** How it is now: what its health endpoints answer, for servers and metrics of your own. */
  readonly health: HealthReport;
  /** Port of its health endpoints; null where there are none, before the start and after the stop. */
  readonly healthPort: number | null;
  /** Gives a task that was declared without a handler its handler. Only before the start. */
  implement<Run extends AnyHandler>(task: TaskDefinition & { readonly run: Run | null }, run: Run): this;
  /** Calls `listener` at each event of that name; the returned function stops that. */
  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void;
  /**
   * Lets itself be asked for its health, connects, declares the queues and begins to take tasks.
   *
   * @throws CeleryError `option-invalid` for a health port or file that cannot be had, `task-unhandled`, `broker-unreachable`, `access-refused`, `vhost-missing`, `queue-mismatch`, …
   */
  start(options?: StartOptions): Promise<void>;
  /**
   * Takes no more tasks, hands back those that have not begun, lets running ones end within the grace, then aborts their
   * signals and hands them back too. Called again it shortens the grace of the stop under way.
   */
  stop(options?: { readonly grace?: Duration }): Promise<void>;
}

/** After the grace: how long handlers have to answer their aborted signal. */
const abortMs = 1_000;

/** And then, how long results and acks may still take. */
const settleMs = 5_000;

/** The worker of these parts. They start in the order health, transport, pool, queues, consumers, and stop in reverse. */
export function createWorkerOf(parts: WorkerParts): Worker {
  return new AssembledWorker(parts);
}

class AssembledWorker implements Worker {
  readonly name: string;
  readonly #parts: WorkerParts;
  readonly #tasks: TaskRegistry;
  readonly #handlers = new Map<TaskDefinition, AnyHandler>();
  readonly #observers: Observers;
  readonly #tell: (event: TaskEvent) => void;
  readonly #pool: Pool;
  readonly #pipeline: Pipeline;
  readonly #consumers: ReadonlyMap<string, QueueConsumer>;
  readonly #probes: Probes | null;
  #state: WorkerState = "new";
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #grace: Grace | null = null;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.name = parts.nodeName;
    this.#tasks = createRegistry(parts.options.tasks);
    this.#observers = new Observers(parts.log);
    this.#tell = createTaskLog(parts.log, parts.options.logLevel);
    this.#pool = createPool(parts, (job) => this.#runnable(job));
    this.#pipeline = createPipeline(parts, {
      tasks: this.#tasks,
      pool: this.#pool,
      emit: (event) => this.#emit(event),
      onHeld: (queue, held) => this.#consumers.get(queue)?.onHeld(held),
    });
    this.#consumers = new Map(parts.options.queues.map((queue) => [queue.name, this.#createConsumer(queue)]));
    this.#probes = this.#createProbes();
  }

  get state(): WorkerState {
    return this.#state;
  }

  get runaways(): number {
    return this.#pool.runaways;
  }

  get health(): HealthReport {
    const queues = [...this.#consumers].map(([name, { isConsuming: isConsumed }]) => ({ name, isConsumed }));
    const { state, name: worker } = this;
    return reportHealth({ worker, state, transport: this.#parts.transport.state, queues, ...this.#pipeline.counts });
  }

  get healthPort(): number | null {
    return this.#probes?.port ?? null;
  }

  implement<Run extends AnyHandler>(task: TaskDefinition & { readonly run: Run | null }, run: Run): this {
    if (this.#state !== "new")
      throw new CeleryError("worker-state", `Task "${task.name}" comes too late: implement tasks before the start`);
    const known = this.#tasks.get(task.name);
    if (known === null)
      throw new CeleryError("option-invalid", `Task "${task.name}" is not among the worker's tasks: add it there`);
    if (typeof run !== "function") throw new CeleryError("option-invalid", `Task "${task.name}" needs a function`);
    if (known.run !== null || this.#handlers.has(known))
      throw new CeleryError("task-duplicate", `Task "${task.name}" has a handler already: give it one only`);
    this.#handlers.set(known, run);
    return this;
  }

  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void {
    return this.#observers.on(type, listener);
  }

  start(options: StartOptions = {}): Promise<void> {
    this.#starting ??= this.#start(options);
    return this.#starting;
  }

  async stop(options: { readonly grace?: Duration } = {}): Promise<void> {
    const graceMs = options.grace === undefined ? this.#parts.options.graceMs : durationMs(options.grace, "grace");
    if (this.#state === "new") this.#move("stop");
    if (this.#state === "stopped") return;
    if (this.#stopping === null) this.#stopping = this.#stop(graceMs);
    else this.#grace?.shorten(graceMs);
    await this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start({ health }: StartOptions): Promise<void> {
    const { concurrency } = this.#parts.options;
    this.#move("start");
    try {
      this.#assertHandled();
      this.#warnOfUnserved();
      await this.#startProbes(health);
      await this.#parts.transport.connect();
      await this.#pool.start();
      for (const consumer of this.#consumers.values()) await consumer.start();
    } catch (error) {
      await this.#release();
      if (this.#state === "starting") this.#move("failed");
      throw error;
    }
    if (this.#state === "starting")
      this.#move("started", { queues: [...this.#consumers.keys()].join(","), concurrency });
  }

  async #startProbes(options: HealthOptions | undefined): Promise<void> {
    const own = this.#parts.health?.options ?? resolveHealth();
    await this.#probes?.start(fillHealth(own, resolveHealth(options)));
  }

  #assertHandled(): void {
    const bare = this.#tasks.list().find((task) => task.run === null && !this.#handlers.has(task));
    if (bare === undefined) return;
    throw new CeleryError(
      "task-unhandled",
      `Task "${bare.name}" has no handler: define it with one, or give it by worker.implement before the start`,
    );
  }

  /** Tasks that are sent elsewhere would wait there for ever if nobody else serves that queue. */
  #warnOfUnserved(): void {
    for (const { name, options } of this.#tasks.list()) {
      if (options.queue === undefined || this.#consumers.has(options.queue)) continue;
      this.#parts.log.warn("a task is sent to a queue that this worker does not serve", { name, queue: options.queue });
    }
  }

  /**
   * The order has its reasons: first nothing new comes in; what has not begun goes to others at once; what runs has its
   * grace; results are closed when nobody stores any more, and the transport after it, because acks still have to pass. To the last it can be asked how it is.
   */
  async #stop(graceMs: number): Promise<void> {
    this.#move("stop");
    const { clock } = this.#parts;
    this.#grace = new Grace(clock, graceMs);
    await this.#grace.within(this.#drain());
    this.#pipeline.close(); // also where the broker did not let the consumers go in time
    if (this.#pipeline.counts.active > 0) await this.#interrupt();
    await new Grace(clock, settleMs).within(this.#pipeline.idle());
    await this.#release();
    this.#move("drained");
  }

  async #drain(): Promise<void> {
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.cancel()));
    this.#pipeline.close();
    await this.#pipeline.idle();
  }

  async #interrupt(): Promise<void> {
    this.#pool.interrupt();
    await new Grace(this.#parts.clock, abortMs).within(this.#pipeline.idle());
    this.#pool.abandon();
  }

  async #release(): Promise<void> {
    try {
      await this.#parts.results.close();
      await this.#pool.stop();
      await this.#parts.transport.close();
    } finally {
      await this.#probes?.stop();
    }
  }

  #move(move: WorkerMove, details: LogFields = {}): void {
    const from = this.#state;
    const to = nextState(from, move);
    this.#state = to;
    this.#parts.log.info(`worker ${to}`, { worker: this.name, ...details });
    this.#observers.emit({ type: "stateChanged", from, to });
  }

  #emit(event: TaskEvent): void {
    this.#tell(event);
    this.#observers.emit(event);
  }

  #createConsumer(queue: ResolvedWorker["queues"][number]): QueueConsumer {
    const { transport, options, log } = this.#parts;
    return new QueueConsumer({
      transport,
      queue,
      concurrency: options.concurrency,
      scheduledLimit: options.scheduledLimit,
      log,
      onDelivery: (delivery) => this.#pipeline.receive(delivery),
      onLost: (name) => this.#pipeline.forget(name),
    });
  }

  #createProbes(): Probes | null {
    const { health, clock, log } = this.#parts;
    return health && new Probes({ host: health.host, clock, log, health: () => this.health });
  }

  #runnable({ task }: Job): Runnable {
    const definition = this.#tasks.get(task.task);
    const handler = definition && (this.#handlers.get(definition) ?? definition.run);
    if (!definition || !handler) throw new CeleryError("task-unhandled", `Task "${task.task}" has no handler`);
    return { definition, handler: handler as Runnable["handler"] };
  }
}
