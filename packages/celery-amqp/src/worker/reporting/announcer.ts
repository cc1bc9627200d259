import type { Tree } from "@leveret/celery-protocol";
import { EventDispatcher, type DispatcherParts } from "../../events/dispatcher.ts";
import { WorkerHeartbeat } from "../../events/worker-heartbeat.ts";
import { loadAverage, operatingSystem, ownVersion } from "../../system/machine.ts";
import type { TaskRegistry } from "../../task/registry.ts";
import { announce } from "../rules/announce.ts";
import type { TaskEvent } from "../rules/event.ts";

/** What announcing takes. */
export interface AnnouncerParts extends Omit<DispatcherParts, "onReady" | "lineLimit"> {
  readonly tasks: TaskRegistry;
  /** Also what happens to tasks, from the start on. */
  readonly sendsTaskEvents: boolean;
}

/** How a worker calls itself among Celery's. */
const version = { swIdent: "leveret", swVer: ownVersion(), swSys: operatingSystem() };

/** Sends events of a worker and, if enabled, of its tasks to Celery's monitors. */
export class Announcer {
  /** Whether events of tasks are sent: Celery's `enable_events`. */
  sendsTaskEvents: boolean;
  readonly #tasks: TaskRegistry;
  readonly #dispatcher: EventDispatcher;
  readonly #heartbeat: WorkerHeartbeat;
  #processed = 0;
  #active = (): number => 0;

  constructor({ tasks, sendsTaskEvents, ...parts }: AnnouncerParts) {
    this.sendsTaskEvents = sendsTaskEvents;
    this.#tasks = tasks;
    this.#dispatcher = new EventDispatcher({ ...parts, onReady: () => this.#heartbeat.online() });
    this.#heartbeat = new WorkerHeartbeat({
      dispatcher: this.#dispatcher,
      clock: parts.clock,
      version,
      facts: () => ({ active: this.#active(), processed: this.#processed, loadavg: loadAverage() }),
    });
  }

  /** Task events that were dropped. */
  get dropped(): number {
    return this.#dispatcher.dropped;
  }

  /** @param active - the number of tasks that run now */
  start(active: () => number): void {
    this.#active = active;
    this.#dispatcher.start();
    this.#heartbeat.start();
  }

  /** The heartbeat of Celery's remote control: without counts, and with a frequency of 5 s. */
  beat(): void {
    this.#dispatcher.report({ type: "worker-heartbeat", freq: 5, ...version });
  }

  /** Another worker called an election, and waits until all know of it. */
  acknowledgeElection(id: string): void {
    this.#dispatcher.report({ type: "worker-elect-ack", id });
  }

  tell(event: TaskEvent): void {
    if (event.type === "taskStarted") this.#processed += 1;
    if (!this.sendsTaskEvents || !("task" in event)) return;
    if (this.#tasks.get(event.task.task)?.policy.sendEvents === false) return;
    const body = announce(event);
    if (body === null) return;
    // The next run may be another worker's, whose events must not come first.
    if (event.type === "taskRetried") this.#dispatcher.sendAhead(body);
    else this.#dispatcher.send(body);
  }

  /** Sends a custom event of a task, whether or not events of tasks are enabled. Source: celery/app/task.py `Task.send_event`. */
  sendCustom(uuid: string, customType: string, fields: Readonly<Record<string, Tree>>): void {
    this.#dispatcher.send({ type: "custom", customType, extra: Object.assign({ uuid }, fields, { uuid }) });
  }

  /** Sends the events of all tasks before the event that the worker is offline. */
  async stop(): Promise<void> {
    await this.#dispatcher.flush();
    this.#heartbeat.stop();
    this.#dispatcher.close();
  }
}
