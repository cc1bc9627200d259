import type { TaskMessage } from "@leveret/celery-protocol";
import type { Sending } from "@leveret/celery-protocol/canvas";
import type { Clock } from "../../../ports/clock.ts";
import type { Logger } from "../../../ports/logger.ts";
import type { Job } from "./job.ts";

/** What is known of the worker whose runs wait. */
export interface AwaitedTasksHost {
  /** The runs that hold all slots which a run shares; null where one of these slots is free. */
  readonly holders: (job: Job) => readonly Job[] | null;
  /** Whether the worker runs this task from this queue; a queue that is not known is null. */
  readonly isOurs: (task: string, queue: string | null) => boolean;
}

/** A task that a run sent, or that is to follow it. */
interface Sent {
  readonly name: string;
  readonly queue: string | null;
}

interface Run {
  readonly sent: Map<string, Sent>;
  /** Ids of the tasks that the run awaits, each with the number of its waits. */
  readonly awaited: Map<string, number>;
}

/** How long all slots wait before it is reported: another worker may be about to run the task. */
const graceMs = 1_000;

/** Tasks of a run whose names are remembered. */
const remembered = 1_000;

/**
 * Reports a run that awaits a task while all slots are taken by runs that wait: unless another worker serves the queue of the
 * task, neither ends. Celery refuses each wait of a task for a task (celery/result.py `assert_will_not_block`); here one
 * blocks no event loop, and other workers may run what is awaited, so that only a wait without a slot is worth a warning.
 */
export class AwaitedTasks {
  readonly #clock: Clock;
  readonly #log: Logger;
  #host: AwaitedTasksHost = { holders: () => null, isOurs: () => false };
  readonly #runs = new WeakMap<Job, Run>();
  readonly #waiting = new Set<Job>();
  /** Pairs of tasks that were reported. */
  readonly #reported = new Set<string>();
  #isTimed = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  start(host: AwaitedTasksHost): void {
    this.#host = host;
  }

  /** A run has sent a task, with what will follow that. */
  onSent(job: Job, { task, to }: Pick<Sending, "task" | "to">): void {
    const { sent } = this.#runOf(job);
    for (const [id, name] of namesIn(task)) {
      if (sent.size >= remembered) return;
      sent.set(id, { name, queue: id === task.id ? to.queue : null });
    }
  }

  /** A run awaits a task from now on; the returned function ends that and may be called twice. */
  begin(job: Job, taskId: string): () => void {
    const { awaited } = this.#runOf(job);
    awaited.set(taskId, (awaited.get(taskId) ?? 0) + 1);
    this.#waiting.add(job);
    this.#arm();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (awaited.get(taskId) ?? 1) - 1;
      if (left > 0) awaited.set(taskId, left);
      else awaited.delete(taskId);
      if (awaited.size === 0) this.#waiting.delete(job);
    };
  }

  #runOf(job: Job): Run {
    const known = this.#runs.get(job);
    if (known !== undefined) return known;
    const run = { sent: new Map<string, Sent>(), awaited: new Map<string, number>() };
    this.#runs.set(job, run);
    return run;
  }

  #arm(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#clock.setTimer(graceMs, () => this.#look());
  }

  #look(): void {
    this.#isTimed = false;
    for (const job of this.#waiting) {
      const holders = this.#host.holders(job);
      if (holders?.every((each) => this.#waiting.has(each)) === true) this.#report(job, holders.length);
    }
  }

  /** Each pair of tasks once, however many of them wait. */
  #report(job: Job, slots: number): void {
    const { sent, awaited } = this.#runOf(job);
    for (const id of awaited.keys()) {
      const { name = null, queue = null } = sent.get(id) ?? {};
      const pair = JSON.stringify([job.task.task, name]);
      if (this.#reported.has(pair) || (name !== null && !this.#host.isOurs(name, queue))) continue;
      this.#reported.add(pair);
      const { task, id: own } = job.task;
      this.#log.warn(message, { task, id: own, awaited: name, awaitedId: id, slots });
    }
  }
}

const message =
  "a task waits for a task while all slots wait: unless another worker serves its queue, neither ends; raise the concurrency, or send the second as a callback or the next step of a chain";

/** Ids and names of a task and of those that follow it. */
function namesIn({ id, task, chord, chain }: TaskMessage): readonly (readonly [id: string, name: string])[] {
  const following = [...(chord === null ? [] : [chord]), ...(chain ?? [])].flatMap(({ options, task: name }) => {
    const { task_id: followingId } = options;
    return typeof followingId === "string" ? [[followingId, name] as const] : [];
  });
  return [[id, task], ...following];
}
