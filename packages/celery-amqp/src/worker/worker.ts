import type { Content } from "@leveret/celery-protocol";
import type { Clock, Ids } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { composeRun } from "../ports/interceptor.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport } from "../ports/transport.ts";
import type { ResultStore } from "../results/backend.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import { createRegistry, type TaskRegistry } from "../task/registry.ts";
import type { AnyHandler, TaskDefinition } from "../task/task.ts";
import { QueueConsumer } from "./consumer.ts";
import { nextState, type WorkerMove, type WorkerState } from "./lifecycle.ts";
import { withFields } from "./log-lines.ts";
import { Observers, type WorkerEvents } from "./observers.ts";
import type { ResolvedWorker } from "./options.ts";
import { DeadLetters } from "./pipeline/dead-letters.ts";
import { Performer } from "./pipeline/perform.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import { createInlinePool } from "./pool/inline.ts";
import type { Runnable } from "./pool/invoke.ts";
import type { Job, JobHost } from "./pool/job.ts";
import type { Pool } from "./pool/pool.ts";
import type { Sending } from "./rules/effect.ts";
import type { TaskEvent } from "./rules/event.ts";
import { keepsResult } from "./rules/request.ts";
import { customMeta } from "./rules/result.ts";
import type { World } from "./rules/world.ts";
import { createTaskLog } from "./task-log.ts";

/** A program that runs tasks. Made by `createWorker`. */
export interface Worker extends AsyncDisposable {
  readonly state: WorkerState;
  /** Node name, `celery@host`. */
  readonly name: string;
  /** Handlers that were given up, at their hard limit or by a stop, and still go on: they keep the process alive. */
  readonly runaways: number;
  /** Gives a task that was declared without a handler its handler. Only before the start. */
  implement<Run extends AnyHandler>(task: TaskDefinition & { readonly run: Run | null }, run: Run): this;
  /** Calls `listener` at each event of that name; the returned function stops that. */
  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void;
  /**
   * Connects, declares the queues and begins to take tasks.
   *
   * @throws CeleryError `task-unhandled`, `broker-unreachable`, `access-refused`, `vhost-missing`, `queue-mismatch`, …
   */
  start(): Promise<void>;
  /**
   * Takes no more tasks, hands back those that have not begun, lets running ones end within the grace, then aborts their
   * signals and hands them back too. Called again it shortens the grace of the stop under way.
   */
  stop(options?: { readonly grace?: Duration }): Promise<void>;
}

/** What a worker is assembled from. */
export interface WorkerParts {
  readonly options: ResolvedWorker;
  readonly nodeName: string;
  readonly pid: number;
  readonly transport: Transport;
  readonly content: Content;
  readonly results: ResultStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Sends what follows from a task; resolves at the broker's confirm. */
  readonly send: (sending: Sending) => Promise<void>;
  /** The sender given to a running task. */
  readonly senderFor: JobHost["senderFor"];
}

/** After the grace: how long handlers have to answer their aborted signal. */
const abortMs = 1_000;

/** And then, how long results and acks may still take. */
const settleMs = 5_000;

/** How long a task waits to be settled while the broker is away; then its message goes back, or has gone already. */
const patienceMs = 60_000;

/** The worker of these parts. They start in the order transport, queues, consumers, and stop in reverse. */
export function createWorkerOf(parts: WorkerParts): Worker {
  return new AssembledWorker(parts);
}

class AssembledWorker implements Worker {
  readonly name: string;
  readonly #parts: WorkerParts;
  readonly #tasks: TaskRegistry;
  readonly #handlers = new Map<TaskDefinition, AnyHandler>();
  readonly #observers: Observers;
  readonly #pool: Pool;
  readonly #pipeline: Pipeline;
  readonly #consumers: ReadonlyMap<string, QueueConsumer>;
  #state: WorkerState = "new";
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #shorten: ((graceMs: number) => void) | null = null;
  #cancelGrace: () => void = () => {};

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.name = parts.nodeName;
    this.#tasks = createRegistry(parts.options.tasks);
    this.#observers = new Observers(parts.log);
    this.#pool = this.#createPool();
    this.#pipeline = this.#createPipeline();
    this.#consumers = new Map(parts.options.queues.map((queue) => [queue.name, this.#createConsumer(queue)]));
  }

  get state(): WorkerState {
    return this.#state;
  }

  get runaways(): number {
    return this.#pool.runaways;
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

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async stop(options: { readonly grace?: Duration } = {}): Promise<void> {
    const graceMs = options.grace === undefined ? this.#parts.options.graceMs : durationMs(options.grace, "grace");
    if (this.#state === "new") this.#move("stop");
    if (this.#state === "stopped") return;
    if (this.#stopping === null) this.#stopping = this.#stop(graceMs);
    else this.#shorten?.(graceMs);
    await this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    this.#move("start");
    try {
      this.#assertHandled();
      await this.#parts.transport.connect();
      for (const consumer of this.#consumers.values()) await consumer.start();
    } catch (error) {
      await this.#release();
      if (this.#state === "starting") this.#move("failed");
      throw error;
    }
    if (this.#state === "starting") this.#move("started");
  }

  #assertHandled(): void {
    const bare = this.#tasks.list().find((task) => task.run === null && !this.#handlers.has(task));
    if (bare === undefined) return;
    throw new CeleryError(
      "task-unhandled",
      `Task "${bare.name}" has no handler: define it with one, or give it by worker.implement before the start`,
    );
  }

  /**
   * The order has its reasons: first nothing new comes in; what has not begun goes to others at once; what runs has its
   * grace; results are closed when nobody stores any more, and the transport last, because acks still have to pass.
   */
  async #stop(graceMs: number): Promise<void> {
    this.#move("stop");
    const patience = this.#untilGraceEnds(graceMs);
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.cancel()));
    this.#pipeline.close();
    await Promise.race([this.#pipeline.idle(), patience]);
    this.#cancelGrace();
    if (this.#pipeline.counts.active > 0) await this.#interrupt();
    await this.#idleWithin(settleMs);
    await this.#release();
    this.#move("drained");
  }

  /** Resolves when the grace is over; a later, shorter one replaces it. */
  #untilGraceEnds(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cancelGrace = this.#parts.clock.setTimer(graceMs, resolve);
      this.#shorten = (shorterMs) => {
        this.#cancelGrace();
        this.#cancelGrace = this.#parts.clock.setTimer(shorterMs, resolve);
      };
    });
  }

  async #interrupt(): Promise<void> {
    this.#pool.interrupt();
    await this.#idleWithin(abortMs);
    this.#pool.abandon();
  }

  async #idleWithin(ms: number): Promise<void> {
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.setTimer(ms, resolve);
    });
    await Promise.race([this.#pipeline.idle(), late]);
    cancel();
  }

  async #release(): Promise<void> {
    await this.#parts.results.close();
    await this.#parts.transport.close();
  }

  #move(move: WorkerMove): void {
    const from = this.#state;
    const to = nextState(from, move);
    this.#state = to;
    this.#parts.log.info(`worker ${to}`, { worker: this.name });
    this.#observers.emit({ type: "stateChanged", from, to });
  }

  #createPool(): Pool {
    const { options, clock, log } = this.#parts;
    return createInlinePool({
      size: options.concurrency,
      clock,
      host: this.#createHost(),
      intercept: composeRun(options.interceptors),
      runnable: (job) => this.#runnable(job),
      onRunawayEnd: ({ task }, ms) =>
        log.warn("a task that was given up has ended at last", { task: task.task, id: task.id, ms }),
    });
  }

  #createHost(): JobHost {
    const { results, log, senderFor } = this.#parts;
    return {
      setState: async ({ task, policy }, state, meta) => {
        if (keepsResult({ task, policy })) await results.store(customMeta(task.id, state, meta), task);
      },
      senderFor,
      logFor: ({ task }) => withFields(log, { task: task.task, id: task.id }),
    };
  }

  #createPipeline(): Pipeline {
    const { options, transport, clock, log, results, content } = this.#parts;
    const world = this.#createWorld();
    const tell = createTaskLog(log, options.logLevel);
    const emit = (event: TaskEvent) => {
      tell(event);
      this.#observers.emit(event);
    };
    const deadLetters = new DeadLetters({
      transport,
      nodeName: this.name,
      bounds: options.deadQueue,
      now: () => clock.now(),
    });
    return new Pipeline({
      clock,
      log,
      content,
      world,
      emit,
      tasks: this.#tasks,
      pool: this.#pool,
      revoked: { has: () => false },
      performer: new Performer({ clock, log, patienceMs, results, deadLetters, emit, send: this.#parts.send }),
      onHeld: (queue, held) => this.#consumers.get(queue)?.onHeld(held),
    });
  }

  #createWorld(): World {
    const { clock, ids, nodeName, pid, options } = this.#parts;
    return {
      get now() {
        return clock.now();
      },
      nodeName,
      pid,
      deadLetter: options.deadLetter,
      uuid: () => ids.uuid(),
      random: () => ids.random(),
    };
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

  #runnable({ task }: Job): Runnable {
    const definition = this.#tasks.get(task.task);
    const handler = definition && (this.#handlers.get(definition) ?? definition.run);
    if (!definition || !handler) throw new CeleryError("task-unhandled", `Task "${task.task}" has no handler`);
    return { definition, handler: handler as Runnable["handler"] };
  }
}
