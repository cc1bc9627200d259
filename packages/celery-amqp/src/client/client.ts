import type { Caller } from "@leveret/celery-protocol/canvas";
import { duration, props } from "@leveret/options";
import { createAsk } from "../control/ask.ts";
import { Broadcaster } from "../control/broadcaster.ts";
import { type Control, createControl } from "../control/control.ts";
import { createInspect, type Inspect } from "../control/inspect.ts";
import { EventDispatcher } from "../events/dispatcher.ts";
import { LogicalClock } from "../events/logical-clock.ts";
import { EventReceiver } from "../events/receiver.ts";
import { type EventOf, type EventStream, type EventStreamOptions, eventStreamShape } from "../events/stream.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { checkOptions } from "../ports/options.ts";
import type { Transport, TransportState } from "../ports/transport.ts";
import type { ResultSource } from "../results/backend.ts";
import { createResultRegistry, type ResultRegistry } from "../results/registry.ts";
import { createNoResults } from "../results/none.ts";
import { withChords } from "../results/counting-source.ts";
import { PerTaskQueueSource } from "../results/per-task-queue-source.ts";
import { own } from "../results/ownership.ts";
import { RabbitChords } from "../results/rabbit-chords.ts";
import { RpcSource } from "../results/rpc/rpc-source.ts";
import { Destinations } from "../send/destination.ts";
import { Dispatch } from "../send/dispatch.ts";
import { firstAnswer } from "../send/first-answer.ts";
import { Planner } from "../send/plan.ts";
import { QueueDeclarer } from "../send/queue-declarer.ts";
import { Sender } from "../send/sender.ts";
import { taskSent } from "../send/sent-event.ts";
import { ShardSelector } from "../send/sharded-queue.ts";
import type { TaskContext } from "../task/context.ts";
import { currentTask } from "../task/current-task.ts";
import { type Duration, durationMs } from "../ports/duration.ts";
import type { GroupSignature } from "../task/canvas-shape.ts";
import type { AsyncResult, GroupResult, NamedCall, RevokeTask, TaskSender } from "../task/sender.ts";
import type { Signature } from "../task/signature.ts";
import type { TaskDefinition, TypedTask } from "../task/task.ts";
import { Admission } from "./admission.ts";
import type { ResolvedClient } from "./options.ts";
import { fromRow, type PreparedMessage, type RelayOutcome, toRow } from "./outbox.ts";
import { WorkerSettings } from "./worker-settings.ts";
import { forEachOf, type ManyOptions, sendEach, type SendOne } from "./send-many.ts";

/**
 * Sends tasks and awaits their results. Connects at the first use, reconnects automatically, and lives until `close`.
 */
export interface Client extends TaskSender, AsyncDisposable {
  /** Commands to workers, Celery's `app.control`. */
  readonly control: Control;
  /** Reports of workers, Celery's `app.control.inspect()`. */
  readonly inspect: Inspect;
  /** State of the connection: `idle` before the first use. */
  readonly state: TransportState;
  /** Calls `listener` at every change of state; the returned function removes it. */
  onState(listener: (state: TransportState) => void): () => void;
  /**
   * Connects now instead of at the first send, so that a missing broker is found early.
   *
   * @throws CeleryError `broker-unreachable`, `access-refused`, `vhost-missing`, `closed`
   */
  connect(): Promise<void>;
  /**
   * Sends many calls, their confirms pipelined; results in the order of the calls. After the first failure no more
   * calls are sent; the error is thrown when the pending ones have ended, and confirmed calls stay sent.
   *
   * @throws SendManyError with the code of the first failure and the ids of the calls that were sent, may have arrived,
   * and were not sent; errors of the iterable
   */
  sendMany<R>(
    calls: Iterable<Signature<[], R>> | AsyncIterable<Signature<[], R>>,
    options?: ManyOptions,
  ): Promise<AsyncResult<R>[]>;
  /**
   * The result of a saved group, from this or another process, Python's too; null where none is stored.
   *
   * @throws CeleryError `results-disabled` where results keep no groups, and the backend's errors
   */
  restoreGroup(id: string): Promise<GroupResult<readonly unknown[]> | null>;
  /**
   * The finished message of a call, checked and routed, for a row of an outbox table. Needs no broker.
   *
   * @throws CeleryError `arguments-invalid`, `option-invalid`, `encode-failed`, `message-too-large`
   */
  prepare(call: Signature<[], unknown>): Promise<PreparedMessage>;
  /** Publishes prepared messages, their confirms pipelined; resolves with the outcome of each, in their order. */
  relay(
    rows: Iterable<PreparedMessage> | AsyncIterable<PreparedMessage>,
    options?: ManyOptions,
  ): Promise<readonly RelayOutcome[]>;
  /**
   * The events of workers, clients and tasks, from now on, until the signal, a `break`, or the close of the client.
   * Workers send task events only with `events: true` (Celery's `-E`).
   *
   * @example
   * ```ts
   * for await (const { hostname, exception } of client.events({ types: ["task-failed"] })) alert(hostname, exception);
   * ```
   * @throws CeleryError `option-invalid`, `closed`; reading throws the errors of connecting and declaring
   */
  events<const Type extends string = string>(options?: EventStreamOptions<Type>): EventStream<EventOf<Type>>;
  /**
   * Refuses new calls, waits for pending confirms, ends all waiting for results, and disconnects. May be called twice.
   * Sends that are not confirmed within `timeout` (default 10 s) fail.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** Options of closing a client. */
export interface CloseOptions {
  /** For the confirms of sends in flight. Default 10 s. */
  readonly timeout?: Duration;
}

const closeShape = props<CloseOptions>({ timeout: duration() });

/** The dependencies of a client. */
export interface ClientParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Node name of this process. */
  readonly origin: string;
  readonly pid: number;
  /** Compare the settings of workers when a wait for a result times out. Default false. */
  readonly asksWorkers?: boolean;
  readonly options: ResolvedClient;
}

/** Creates a client of its dependencies. */
export function assembleClient(parts: ClientParts): Client {
  return new CeleryClient(parts);
}

class CeleryClient implements Client {
  readonly control: Control;
  readonly inspect: Inspect;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #source: ResultSource;
  readonly #dispatch: Dispatch;
  readonly #sender: Sender;
  readonly #results: ResultRegistry;
  readonly #events: EventDispatcher | null;
  readonly #logicalClock = new LogicalClock();
  readonly #receivers = new Set<EventReceiver>();
  readonly #parts: ClientParts;
  readonly #broadcaster: Broadcaster;
  #closing: Promise<void> | null = null;

  constructor(parts: ClientParts) {
    const { transport, clock, options } = parts;
    const { content } = options;
    this.#parts = parts;
    const declarer = new QueueDeclarer({
      transport,
      logger: options.logger,
      queues: options.queues,
      policy: options.declare,
    });
    this.#transport = transport;
    this.#clock = clock;
    this.#admission = new Admission(transport);
    this.#source = countingSourceOf(parts, this.#admission);
    this.#broadcaster = new Broadcaster({
      ...parts,
      content,
      logicalClock: this.#logicalClock,
      logger: options.logger,
    });
    const ask = createAsk(this.#broadcaster, (work) =>
      this.#admission.enter(() => this.#admission.connected().then(work)),
    );
    const control = createControl(ask);
    this.control = control;
    this.inspect = createInspect(ask);
    const { errorClasses } = options;
    const revoke: RevokeTask = async (id, said) => void (await control.revoke(id, { ...said, timeout: 0 }));
    const settings = new WorkerSettings({ inspect: this.inspect, clock, options });
    const explain = parts.asksWorkers === true && { explain: settings.explain };
    this.#results = createResultRegistry({ source: this.#source, clock, errorClasses, revoke, ...explain });
    const events = eventsOf(parts, this.#logicalClock);
    this.#events = events;
    this.#dispatch = new Dispatch({
      transport,
      content,
      declarer,
      destinations: new Destinations({ ...options, shardSelector: new ShardSelector(() => parts.ids.random()) }),
      connected: () => (this.#admission.isConnected ? undefined : this.#admission.connected()),
      interceptors: options.interceptors,
      ...(events && { onSent: (task, way) => events.send(taskSent(task, way)) }),
    });
    this.#sender = new Sender({
      ...parts,
      budget: content.budget,
      validate: options.validate,
      planner: new Planner(options),
      results: { ...this.#results, prepare: (id) => this.#admission.connected().then(() => this.#source.prepare(id)) },
      dispatch: this.#dispatch,
      parent: () => callerOf(currentTask()),
    });
  }

  get state(): TransportState {
    return this.#transport.state;
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#transport.onState(listener);
  }

  connect(): Promise<void> {
    return this.#admission.enter(() => this.#admission.connected());
  }

  send<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<AsyncResult<R>>;
  send<R extends readonly unknown[]>(call: GroupSignature<[], R>): Promise<GroupResult<R>>;
  send<R>(call: Signature<[], R>): Promise<AsyncResult<R>>;
  send(what: never, ...args: never): Promise<AsyncResult<unknown>> {
    return this.#admission.enter(() => this.#sender.send(what, ...args));
  }

  call<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<R>;
  call<R>(call: Signature<[], R>): Promise<R>;
  call(what: never, ...args: never): Promise<unknown> {
    return firstAnswer((leaving) => this.#admission.enter(() => this.#sender.dispatch(what, args, leaving)));
  }

  sendByName(name: string, call?: NamedCall): Promise<AsyncResult<unknown>> {
    return this.#admission.enter(() => this.#sender.sendByName(name, call));
  }

  sendMany<R>(
    calls: Iterable<Signature<[], R>> | AsyncIterable<Signature<[], R>>,
    options?: ManyOptions,
  ): Promise<AsyncResult<R>[]> {
    const sendOne: SendOne = (call, leaving) => this.#admission.enter(() => this.#sender.dispatch(call, [], leaving));
    return sendEach(calls, sendOne, options) as Promise<AsyncResult<R>[]>;
  }

  result<R>(id: string, task: TypedTask<never, R>): AsyncResult<R>;
  result(id: string): AsyncResult<unknown>;
  result(id: string, task: TaskDefinition | null = null): AsyncResult<unknown> {
    if (typeof id !== "string" || id === "")
      throw new CeleryError("option-invalid", "result: the first argument must be a task's id");
    return this.#results.open(id, task);
  }

  async restoreGroup(id: string): Promise<GroupResult<readonly unknown[]> | null> {
    if (typeof id !== "string" || id === "")
      throw new CeleryError("option-invalid", "restoreGroup: the first argument must be a group's id");
    return this.#results.restore(id);
  }

  async prepare(call: Signature<[], unknown>): Promise<PreparedMessage> {
    const { sending, sendOptions } = await this.#sender.compose(call, []);
    return toRow(sending.task, await this.#dispatch.prepare(sending, sendOptions));
  }

  relay(
    rows: Iterable<PreparedMessage> | AsyncIterable<PreparedMessage>,
    options?: ManyOptions,
  ): Promise<readonly RelayOutcome[]> {
    return forEachOf(rows, (row) => this.#relayOne(row), options);
  }

  events<const Type extends string = string>(options: EventStreamOptions<Type> = {}): EventStream<EventOf<Type>> {
    checkOptions(eventStreamShape, options, "the event stream");
    if (this.#closing !== null) throw new CeleryError("closed", "The client is closed: create a new one");
    const { transport, ids, options: resolved } = this.#parts;
    const receiver = new EventReceiver(
      {
        transport,
        content: resolved.content,
        logicalClock: this.#logicalClock,
        logger: resolved.logger,
        id: ids.uuid(),
        connected: (work) => this.#admission.enter(() => this.#admission.connected().then(work)),
        onEnd: (ended) => this.#receivers.delete(ended),
      },
      options,
    );
    this.#receivers.add(receiver);
    return receiver as EventStream as EventStream<EventOf<Type>>; // its filter lets no other type pass
  }

  close(options: CloseOptions = {}): Promise<void> {
    checkOptions(closeShape, options, "close");
    this.#closing ??= this.#close(durationMs(options.timeout ?? "10s", "timeout"));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Finishes pending sends, then ends the waiting for results, then closes the transport. */
  async #close(timeoutMs: number): Promise<void> {
    const heard = [...this.#receivers].map((receiver) => receiver.return());
    await this.#admission.close(this.#clock, timeoutMs);
    await this.#events?.flush();
    this.#events?.close();
    const ends = await Promise.allSettled([
      ...heard,
      this.#source.close(),
      this.#broadcaster.close(),
      this.#transport.close(),
    ]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  async #relayOne(row: PreparedMessage): Promise<RelayOutcome> {
    const { id } = row;
    const { message, way } = fromRow(row);
    try {
      await this.#admission.enter(async () => {
        await this.#admission.connected();
        if (message.properties.replyTo === this.#source.replyTo(id)) await this.#source.prepare(id);
        await this.#dispatch.publish(message, way);
      });
      return { id, status: "confirmed" };
    } catch (error) {
      if (!(error instanceof CeleryError)) throw error;
      return { id, status: "failed", error };
    }
  }
}

/** The task whose handler sends; only `ctx.client` inherits its priority. */
function callerOf(task: TaskContext | null): Caller | null {
  return task && { id: task.id, rootId: task.rootId, priority: null };
}

/** The dispatcher of `task-sent` events; null where they are disabled. */
function eventsOf(
  { transport, clock, origin: hostname, pid, options }: ClientParts,
  logicalClock: LogicalClock,
): EventDispatcher | null {
  const { content, logger, taskSentEvents } = options;
  if (!taskSentEvents) return null;
  return new EventDispatcher({ transport, content, clock, logicalClock, logger, hostname, pid });
}

function countingSourceOf(parts: ClientParts, admission: Admission): ResultSource {
  const { transport, ids, options } = parts;
  const source = sourceOf(parts, admission);
  if (options.chords === null) return source;
  const connected = (): Promise<void> => admission.connected();
  return withChords(source, new RabbitChords({ transport, ids, content: options.content, connected }));
}

function sourceOf({ transport, ids, options }: ClientParts, admission: Admission): ResultSource {
  const { results, keepResults: limits, logger, content } = options;
  if (results === false) return createNoResults("this client was created with results: false");
  if (results === "rpc") return new RpcSource({ transport, content, logger, limits, queue: ids.uuid() });
  if (results === "amqp") {
    return new PerTaskQueueSource({ transport, content, logger, limits, connected: () => admission.connected() });
  }
  return own(results, "client");
}
