import type { Tree } from "@leveret/celery-protocol";
import type { ActiveQueue, WorkerStats } from "@leveret/celery-protocol/control";
import type { LogicalClock } from "../../events/logical-clock.ts";
import type { RateLimit } from "../../task/options.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { WorkerRequest } from "../rules/request-info.ts";
import type { Controls } from "./controls.ts";

/** The sender of events, as far as commands change it. */
export interface EventSwitch {
  /** Whether events of tasks are sent too. */
  sendsTaskEvents: boolean;
  /** Sends a heartbeat now. */
  beat(): void;
  /** Takes note of another worker's election. */
  acknowledgeElection(id: string): void;
}

/** What commands of remote control reach of a worker. */
export interface ControlledWorker {
  readonly nodeName: string;
  readonly controls: Controls;
  readonly logicalClock: LogicalClock;
  /** Null: no events are sent. */
  readonly events: EventSwitch | null;
  /** Slots of all queues together. */
  readonly concurrency: number;
  /** Slots that a command may reach. */
  readonly maxConcurrency: number;
  /** Its tasks, by name. */
  readonly tasks: readonly TaskDefinition[];
  /** The rate limit of a task, as it was set last. */
  rateLimitOf(task: TaskDefinition): RateLimit;
  /** The tasks it has, each with where it is. */
  requests(): readonly WorkerRequest[];
  /** Ids of revoked tasks with the time of it, epoch milliseconds, oldest first. */
  revoked(): readonly (readonly [id: string, at: number])[];
  /** Learns of tasks that were revoked elsewhere. */
  mergeRevoked(ids: readonly string[]): void;
  /** Statistics, without the clock. */
  stats(): Omit<WorkerStats, "clock">;
  queues(): readonly ActiveQueue[];
  /** Settings by Celery's names; those that are as Celery has them by default only where asked for. */
  settings(withDefaults: boolean): Readonly<Record<string, Tree>>;
  /** A string with versions and settings. */
  report(): string;
  /** Resident memory, bytes. */
  residentBytes(): number;
  /** Seconds of a clock that is not set. */
  monotonicSeconds(): number;
  /** Epoch milliseconds. */
  now(): number;
  /** Stops warm. */
  shutdown(message: string): void;
}
