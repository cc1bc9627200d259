import {
  type Address,
  createContent,
  decodeTask,
  encodeTask,
  newTask,
  ProtocolError,
  type TaskMessage,
  toValue,
  type Tree,
  type WireMessage,
} from "@leveret/celery-protocol";
import { assembleClient, type Client } from "../client/client.ts";
import { type CreateClientOptions, resolveClient } from "../client/options.ts";
import type { QueueTable } from "../send/queue-table.ts";
import type { Ids } from "../ports/clock.ts";
import type { Transport } from "../ports/transport.ts";
import { systemIds } from "../system/clock.ts";
import { packArguments } from "../task/arguments.ts";
import { type Duration, durationMs } from "../ports/duration.ts";
import type { TaskDefinition, TypedTask } from "../task/task.ts";
import { assembleWorker } from "../worker/assemble.ts";
import type { WorkerEvents } from "../worker/reporting/observers.ts";
import { resolveWorker, type CreateWorkerOptions } from "../worker/options/worker.ts";
import type { Worker } from "../worker/worker.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createMemoryBroker, type MemoryBroker } from "./memory-broker.ts";
import { createMemoryTransport } from "./memory-transport.ts";
import { RecordingTransport } from "./recording-transport.ts";

/**
 * A whole Celery for one test. Options are those of a worker, without the pool: tasks run in the test itself. No logs
 * by default.
 */
export interface TestCeleryOptions extends Omit<CreateWorkerOptions, "pool"> {
  /** Options of the client. */
  readonly client?: CreateClientOptions;
  /** Default: uuid4 from the machine. */
  readonly ids?: Ids;
}

/** A task that was sent, by the code under test or by a handler, retries included. */
export interface SentTask {
  /** Id of the task. */
  readonly id: string;
  /** Positional arguments. */
  readonly args: readonly unknown[];
  /** Keyword arguments. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Seconds from now to its eta, as of the time it was sent; null without an eta. */
  readonly countdown: number | null;
  /** Queue of the message. */
  readonly queue: string;
  /** How often it was tried before. */
  readonly retries: number;
  /** The whole message. */
  readonly message: TaskMessage;
}

/** How one run ended. */
export type TestOutcome =
  | { readonly kind: "success"; readonly value: unknown }
  /** `error` is what the handler threw, `excType` its Python name. */
  | { readonly kind: "failure"; readonly error: unknown; readonly excType: string }
  | { readonly kind: "retry"; readonly inSeconds: number; readonly error: unknown }
  | { readonly kind: "snoozed"; readonly inSeconds: number }
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly requeue: boolean }
  | { readonly kind: "revoked"; readonly reason: string };

/** How a task is run by `run`. */
export interface RunOptions {
  /** Which attempt it is. Default 1. */
  readonly attempt?: number;
  /** Custom headers of the call. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** A client, a broker in memory and a worker, on a clock that tests advance. */
export interface TestCelery extends AsyncDisposable {
  /** Client of the test. */
  readonly client: Client;
  /** Worker of the test. */
  readonly worker: Worker;
  /** Broker in memory. */
  readonly broker: MemoryBroker;
  /** Clock of client and worker. */
  readonly clock: FakeClock;
  /** What was sent to this task so far, in order. */
  sent(task: TaskDefinition): readonly SentTask[];
  /** Moves the clock: etas, retries and limits that become due happen, in their order. */
  advance(duration: Duration): Promise<void>;
  /**
   * Runs one task through the worker as if a message had come. Its handler may use real timers and I/O.
   *
   * @throws CeleryError `arguments-invalid`
   */
  run<A extends readonly unknown[], R>(task: TypedTask<A, R>, args: A, options?: RunOptions): Promise<TestOutcome>;
  /** Stops worker and client. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Celery for tests of code that sends or runs tasks: no broker, no sleeping, the same pipeline as in production. The worker
 * starts by itself once the current code has given handlers by `worker.implement`, if any are missing.
 *
 * @example
 * ```ts
 * const celery = testCelery({ tasks: [add] });
 * await celery.client.call(add, 2, 3); // 5
 * await celery.stop();
 * ```
 * @throws CeleryError `option-invalid`, `task-duplicate`
 */
export function testCelery(options: TestCeleryOptions): TestCelery {
  return new CeleryInMemory(options);
}

const content = createContent();

/** What is sent without a queue goes to the first that the worker serves. */
function firstQueue({ queues }: QueueTable): string {
  const [first] = queues.values();
  return first?.place?.queue ?? first?.name ?? "celery";
}

class CeleryInMemory implements TestCelery {
  readonly client: Client;
  readonly worker: Worker;
  readonly broker: MemoryBroker;
  readonly clock: FakeClock;
  readonly #transport: Transport;
  readonly #ids: Ids;
  readonly #queues: QueueTable;
  readonly #queue: string;
  readonly #sent: SentTask[] = [];
  readonly #started: Promise<void>;

  constructor({ client = {}, ids = systemIds, ...options }: TestCeleryOptions) {
    const resolved = resolveWorker({ results: "rpc", events: false, remoteControl: false, ...options, pool: "inline" });
    const clock = createFakeClock();
    this.clock = clock;
    this.#ids = ids;
    this.#queues = resolved.queues;
    this.#queue = firstQueue(resolved.consumed);
    this.broker = createMemoryBroker({ clock });
    this.#transport = this.#connectTo();
    const log = resolved.logger ?? silent;
    const world = { clock, ids, transport: this.#connectTo() };
    this.worker = assembleWorker({ ...world, options: resolved, log, nodeName: "celery@test", pid: 1 });
    const clientOptions = resolveClient({
      results: "rpc",
      defaultQueue: this.#queue,
      queues: options.queues ?? [],
      ...client,
    });
    const who = { origin: "gen1@test", pid: 1 };
    this.client = assembleClient({ ...world, ...who, transport: this.#transport, options: clientOptions });
    this.#started = Promise.resolve().then(() => this.worker.start());
    this.#started.catch(() => {}); // reported by the first call that waits for it
  }

  sent(task: TaskDefinition): readonly SentTask[] {
    return this.#sent.filter(({ message }) => message.task === task.name);
  }

  async advance(duration: Duration): Promise<void> {
    await this.#started;
    await this.clock.advance(durationMs(duration, "advance"));
  }

  async run<A extends readonly unknown[], R>(
    task: TypedTask<A, R>,
    args: A,
    { attempt = 1, headers = {} }: RunOptions = {},
  ): Promise<TestOutcome> {
    await this.#started;
    await this.client.connect();
    const { args: positional, kwargs } = await packArguments(task, args);
    const message = newTask({
      id: this.#ids.uuid(),
      task: task.name,
      args: positional as readonly Tree[],
      kwargs: kwargs as Readonly<Record<string, Tree>>,
      retries: attempt - 1,
      extraHeaders: headers,
    });
    const outcome = this.#outcomeOf(message.id);
    const queue = task.options.queue ?? this.#queue;
    const to = { exchange: "", routingKey: this.#queues.sharded.get(queue)?.queues[0]?.name ?? queue };
    await this.#transport.publisher.publish(encodeTask(message, content), to);
    return outcome;
  }

  async stop(): Promise<void> {
    await this.client.close();
    const stopped = this.worker.stop({ grace: 0 });
    await this.clock.advance(60_000); // the grace of a handler that does not end is over, too
    await stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #connectTo(): Transport {
    const inner = createMemoryTransport({ broker: this.broker });
    return new RecordingTransport(inner, (message, to) => this.#record(message, to));
  }

  #record(message: WireMessage, to: Address): void {
    const task = readTask(message);
    if (task === null) return; // a dead letter of what no worker could read, among others
    if (to.exchange.startsWith("celery_delayed_") && this.#isSent(task)) return; // only delayed in the broker until its eta
    this.#sent.push({
      id: task.id,
      args: toValue(task.args) as readonly unknown[],
      kwargs: toValue(task.kwargs) as Readonly<Record<string, unknown>>,
      countdown: task.eta === null ? null : (task.eta.epochMs - this.clock.now()) / 1000,
      queue: to.routingKey,
      retries: task.retries,
      message: task,
    });
  }

  #isSent({ id, retries, eta }: TaskMessage): boolean {
    return this.#sent.some(
      (sent) => sent.id === id && sent.retries === retries && sent.message.eta?.text === eta?.text,
    );
  }

  /** A rejected failure has two events at once: the last one has its outcome. */
  #outcomeOf(id: string): Promise<TestOutcome> {
    return new Promise((resolve) => {
      let outcome: TestOutcome;
      const finish = (): void => {
        for (const stop of stops) stop();
        resolve(outcome);
      };
      const stops = Object.entries(endings).map(([type, toOutcome]) =>
        this.worker.on(type as Ending, (event) => {
          const ended = event.task.id === id ? toOutcome(event as never) : null;
          if (ended === null) return;
          outcome = ended;
          queueMicrotask(finish);
        }),
      );
    });
  }
}

type Ending =
  | "taskSucceeded"
  | "taskFailed"
  | "taskRetried"
  | "taskIgnored"
  | "taskRejected"
  | "taskCancelled"
  | "taskRevoked";

/** Null: another event has its outcome. */
const endings: { readonly [Type in Ending]: (event: WorkerEvents[Type]) => TestOutcome | null } = {
  taskSucceeded: ({ result }) => ({ kind: "success", value: result }),
  taskFailed: ({ failure }) => ({ kind: "failure", error: failure.error, excType: failure.exception.type }),
  taskRetried: ({ counted, delayMs, failure }) =>
    counted
      ? { kind: "retry", inSeconds: delayMs / 1000, error: failure?.error ?? null }
      : { kind: "snoozed", inSeconds: delayMs / 1000 },
  taskIgnored: () => ({ kind: "ignored" }),
  taskRejected: ({ requeue }) => ({ kind: "rejected", requeue }),
  taskCancelled: ({ requeue }) => (requeue ? { kind: "rejected", requeue } : null),
  taskRevoked: ({ reason }) => ({ kind: "revoked", reason }),
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function readTask(message: WireMessage): TaskMessage | null {
  if (!("task" in message.headers)) return null;
  try {
    return decodeTask(message, content);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
