import type { CustomCeleryEvent, CeleryEvent, CeleryTaskEvent } from "../event/event.ts";
import { isReady } from "../result/state.ts";
import { Kept } from "./kept.ts";
import { compareMoments, type Moment, momentOf } from "./order.ts";
import { type AnyTaskEvent, type MonitoredTask, nextTask, unheardTask } from "./task.ts";
import { isAlive, type MonitoredWorker, nextWorker, unheardWorker, workerAtWork } from "./worker.ts";

/** How much a monitor remembers. */
export interface ClusterStateOptions {
  /** Workers; beyond it the oldest are forgotten. Default 5 000. */
  readonly maxWorkers?: number | undefined;
  /** Tasks; beyond it the oldest are forgotten. Default 10 000. */
  readonly maxTasks?: number | undefined;
  /** Characters that all tasks, and as many that all workers take; beyond it the oldest are forgotten. Default 64 000 000. */
  readonly maxCharacters?: number | undefined;
}

/** Which tasks are asked for. */
export interface TaskSelection {
  readonly name?: string | undefined;
  /** Node name of the worker that told of it last. */
  readonly worker?: string | undefined;
  readonly state?: string | undefined;
  /** How many at most. Default all. */
  readonly limit?: number | undefined;
}

interface KnownTask {
  readonly task: MonitoredTask;
  /** When the last of its events happened, late ones included. */
  readonly last: Moment;
}

/**
 * What events tell of a cluster, put together: its workers, and the latest of its tasks. It does what Celery's own state
 * does with the same events in the same order, also where they come late or twice. It knows no clock: who hands in an event
 * says when it came. Source: celery/events/state.py `State`.
 */
export class ClusterState {
  readonly #workers: Kept<MonitoredWorker>;
  readonly #tasks: Kept<KnownTask>;
  #eventCount = 0;
  #taskCount = 0;

  constructor({ maxWorkers = 5_000, maxTasks = 10_000, maxCharacters = 64_000_000 }: ClusterStateOptions = {}) {
    this.#workers = new Kept(maxWorkers, maxCharacters);
    this.#tasks = new Kept(maxTasks, maxCharacters);
  }

  /** Events applied. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Tasks heard to be received; one that is tried three times counts thrice. */
  get taskCount(): number {
    return this.#taskCount;
  }

  /**
   * Takes in what happened. Events that are about neither a worker nor a task are counted and nothing more.
   *
   * @param nowMs - when it came, epoch milliseconds
   */
  apply(event: CeleryEvent, nowMs: number): void {
    this.#eventCount += 1;
    const type = event.type === "custom" ? event.customType : event.type;
    if (type.startsWith("worker-")) return this.#applyToWorker(event, nowMs);
    const uuid = type.startsWith("task-") ? uuidOf(event as AnyTaskEvent) : null;
    if (uuid !== null) this.#applyToTask(uuid, event as AnyTaskEvent);
  }

  /** One worker by its node name; null where nothing was heard of it. */
  worker(hostname: string): MonitoredWorker | null {
    return this.#workers.get(hostname) ?? null;
  }

  /** All workers known, also those that are gone, in the order in which they were first heard of. */
  workers(): readonly MonitoredWorker[] {
    return this.#workers.values();
  }

  /** Those that were heard of not longer ago than twice their heartbeat's interval. */
  aliveWorkers(nowMs: number): readonly MonitoredWorker[] {
    return this.workers().filter((worker) => isAlive(worker, nowMs));
  }

  /** One task by its id; null where nothing was heard of it, or too long ago. */
  task(uuid: string): MonitoredTask | null {
    return this.#tasks.get(uuid)?.task ?? null;
  }

  /** Tasks, those first of which something happened last. */
  tasks({ name, worker, state, limit = Number.POSITIVE_INFINITY }: TaskSelection = {}): readonly MonitoredTask[] {
    return this.#tasks
      .values()
      .filter(({ task }) => name === undefined || task.name === name)
      .filter(({ task }) => worker === undefined || task.worker === worker)
      .filter(({ task }) => state === undefined || task.state === state)
      .toSorted((first, second) => compareMoments(second.last, first.last))
      .slice(0, limit)
      .map(({ task }) => task);
  }

  /** Names of the tasks it remembers, sorted. */
  taskTypes(): readonly string[] {
    const names = this.#tasks.values().flatMap(({ task }) => task.name ?? []);
    return [...new Set(names)].toSorted();
  }

  /** Forgets tasks that have come to their end; with `all`, everything. */
  clear({ all = false }: { readonly all?: boolean | undefined } = {}): void {
    this.#tasks.drop(({ task }) => all || isReady(task.state));
    if (!all) return;
    this.#workers.drop(() => true);
    this.#eventCount = 0;
    this.#taskCount = 0;
  }

  #applyToWorker(event: CeleryEvent, nowMs: number): void {
    const known = this.#workers.get(event.hostname);
    if (known === undefined && event.type === "worker-offline") return;
    this.#keepWorker(nextWorker(known ?? unheardWorker(event.hostname), event, nowMs));
  }

  #applyToTask(uuid: string, event: AnyTaskEvent): void {
    if (event.type !== "task-sent")
      this.#keepWorker(workerAtWork(this.#workers.get(event.hostname) ?? unheardWorker(event.hostname), event));
    if (event.type === "task-received") this.#taskCount += 1;
    const known = this.#tasks.get(uuid);
    const moment = momentOf(event);
    const task = nextTask(known?.task ?? unheardTask(uuid), event);
    const last = known === undefined || compareMoments(known.last, moment) < 0 ? moment : known.last;
    this.#tasks.set(uuid, { task, last });
    // A task whose children are at work is of interest.
    if (task.parentId !== null) this.#tasks.renew(task.parentId);
  }

  #keepWorker(worker: MonitoredWorker): void {
    this.#workers.set(worker.hostname, worker);
  }
}

function uuidOf(event: CeleryTaskEvent | CustomCeleryEvent): string | null {
  if (event.type !== "custom") return event.uuid;
  const uuid = event.extra?.["uuid"];
  return typeof uuid === "string" && uuid !== "" ? uuid : null;
}
