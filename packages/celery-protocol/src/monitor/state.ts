import type { CustomCeleryEvent, CeleryEvent, CeleryTaskEvent } from "../event/event.ts";
import { isReady } from "../result/state.ts";
import { Kept } from "./kept.ts";
import { compareMoments, type Moment, momentOf } from "./order.ts";
import { type AnyTaskEvent, type MonitoredTask, nextTask, unheardTask } from "./task.ts";
import { isAlive, type MonitoredWorker, nextWorker, unheardWorker, workerAtWork } from "./worker.ts";

/** Limits of a monitor's state. */
export interface ClusterStateOptions {
  /** Most workers; beyond it the oldest are dropped. Default 5 000. */
  readonly maxWorkers?: number | undefined;
  /** Most tasks; beyond it the oldest are dropped. Default 10 000. */
  readonly maxTasks?: number | undefined;
  /** Most characters of all tasks, and of all workers; beyond it the oldest are dropped. Default 64 000 000. */
  readonly maxCharacters?: number | undefined;
}

/** Selects tasks. */
export interface TaskSelection {
  /** Name of the task. Default any. */
  readonly name?: string | undefined;
  /** Node name of the worker of its last event. */
  readonly worker?: string | undefined;
  /** State of the task. Default any. */
  readonly state?: string | undefined;
  /** How many at most. Default all. */
  readonly limit?: number | undefined;
}

interface KnownTask {
  readonly task: MonitoredTask;
  /** The time of its last event, including late ones. */
  readonly last: Moment;
}

/**
 * The state of a cluster, built from its events: its workers, and the latest tasks. Equal to Celery's own state for the
 * same events in the same order, also late or repeated ones. Without a clock: the caller passes the time of arrival of
 * each event. Source: celery/events/state.py `State`.
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

  /** Number of `task-received` events; a task that runs three times counts three times. */
  get taskCount(): number {
    return this.#taskCount;
  }

  /**
   * Applies an event. Events about neither a worker nor a task are only counted.
   *
   * @param nowMs - time of arrival, epoch milliseconds
   */
  apply(event: CeleryEvent, nowMs: number): void {
    this.#eventCount += 1;
    const type = event.type === "custom" ? event.customType : event.type;
    if (type.startsWith("worker-")) return this.#applyToWorker(event, nowMs);
    const uuid = type.startsWith("task-") ? uuidOf(event as AnyTaskEvent) : null;
    if (uuid !== null) this.#applyToTask(uuid, event as AnyTaskEvent);
  }

  /** One worker by its node name; null where it sent no event. */
  worker(hostname: string): MonitoredWorker | null {
    return this.#workers.get(hostname) ?? null;
  }

  /** All known workers, also offline ones, in the order of their first events. */
  workers(): readonly MonitoredWorker[] {
    return this.#workers.values();
  }

  /** The workers whose last event is at most two heartbeat intervals old. */
  aliveWorkers(nowMs: number): readonly MonitoredWorker[] {
    return this.workers().filter((worker) => isAlive(worker, nowMs));
  }

  /** One task by its id; null where it has no events, or was dropped. */
  task(uuid: string): MonitoredTask | null {
    return this.#tasks.get(uuid)?.task ?? null;
  }

  /** Tasks, those with the latest events first. */
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

  /** Names of the known tasks, sorted. */
  taskTypes(): readonly string[] {
    const names = this.#tasks.values().flatMap(({ task }) => task.name ?? []);
    return [...new Set(names)].toSorted();
  }

  /** Drops tasks in a final state; with `all`, everything. */
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
    // A task with unfinished children is kept.
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
