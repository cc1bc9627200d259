import type { TaskEvent, Worker } from "@leveret/celery-amqp/worker";
import type { Instruments } from "./instruments.ts";
import { sentAtHeader } from "./publishing.ts";

type Told = Exclude<TaskEvent, { readonly type: "deadLettered" }>;
type Task = Told["task"];

/** The state for each event. */
const states = {
  taskReceived: "received",
  taskStarted: "started",
  taskSucceeded: "succeeded",
  taskFailed: "failed",
  taskRetried: "retried",
  taskRevoked: "revoked",
  taskRejected: "rejected",
  taskCancelled: "cancelled",
  taskIgnored: "ignored",
} as const satisfies Record<Told["type"], string>;

const types = Object.keys(states) as Told["type"][];

/** Counts and times a worker's tasks. The returned function stops it. */
export function watchTasks(worker: Worker, instruments: Instruments, now: () => number): () => void {
  const times = new TaskTimes(worker.name, instruments, now);
  const stops = types.map((type) =>
    worker.on(type, (event: Told) => {
      instruments.tasks.inc({ worker: worker.name, task: times.nameOf(event), state: stateOf(event) });
      times.on(event);
    }),
  );
  const stopDead = worker.on("deadLettered", ({ queue, reason }) =>
    instruments.deadLetters.inc({ worker: worker.name, queue, reason }),
  );
  return () => {
    for (const stop of [...stops, stopDead]) stop();
  };
}

function stateOf(event: Told): string {
  return event.type === "taskRetried" && !event.counted ? "snoozed" : states[event.type];
}

/** When current deliveries were received and started; deleted with their messages. */
class TaskTimes {
  readonly #worker: string;
  readonly #instruments: Instruments;
  readonly #now: () => number;
  readonly #received = new WeakMap<Task, number>();
  readonly #started = new WeakMap<Task, number>();

  constructor(worker: string, instruments: Instruments, now: () => number) {
    this.#worker = worker;
    this.#instruments = instruments;
    this.#now = now;
  }

  on({ type, task, queue }: Told): void {
    if (type === "taskReceived") this.#received.set(task, this.#now());
    else if (type === "taskStarted") this.#onStarted(task, queue);
    else this.#onEnded(task);
  }

  /** Senders may invent names: unknown tasks share one label, or they would fill the memory. */
  nameOf({ type, task }: Told): string {
    return type === "taskFailed" && !this.#received.has(task) ? "unregistered" : task.task;
  }

  #onStarted(task: Task, queue: string): void {
    const now = this.#now();
    const due = task.eta?.epochMs ?? 0;
    const labels = { worker: this.#worker, task: task.task, queue };
    const sentAt = task.extraHeaders[sentAtHeader];
    const { queueWait, prefetchWait } = this.#instruments;
    this.#started.set(task, now);
    if (typeof sentAt === "number") queueWait.observe(labels, secondsBetween(Math.max(sentAt, due), now));
    const received = this.#received.get(task);
    if (received !== undefined) prefetchWait.observe(labels, secondsBetween(Math.max(received, due), now));
  }

  #onEnded(task: Task): void {
    const started = this.#started.get(task);
    if (started === undefined) return;
    this.#started.delete(task);
    const labels = { worker: this.#worker, task: task.task };
    this.#instruments.runtime.observe(labels, secondsBetween(started, this.#now()));
  }
}

/** The clocks of two machines differ. */
function secondsBetween(startMs: number, endMs: number): number {
  return Math.max(0, endMs - startMs) / 1_000;
}
