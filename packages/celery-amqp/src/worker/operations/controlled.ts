import type { ActiveQueue, Tree, WorkerStats } from "@leveret/celery-protocol";
import { machineName, monotonicSeconds, ownVersion, residentBytes, resourceUsage } from "../../system/machine.ts";
import type { RateLimit } from "../../task/options.ts";
import type { TaskRegistry } from "../../task/registry.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { Announcer } from "../reporting/announcer.ts";
import type { Concurrency } from "../consuming/concurrency.ts";
import type { Consumption } from "../consuming/consumption.ts";
import type { ControlledWorker } from "../control/controlled-worker.ts";
import type { WorkerParts } from "../parts.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Pool } from "../pool/pool.ts";
import { queueInfo } from "../rules/queue-info.ts";
import type { HeldTask } from "../rules/request-info.ts";
import type { Revocations } from "../rules/revocations.ts";
import { settingsOf } from "./settings.ts";
import { statsOf } from "./stats.ts";
import type { WorkerControls } from "./worker-controls.ts";

/** The rooms that commands of remote control reach, and ask. */
export interface ControlledParts {
  readonly worker: WorkerParts;
  readonly tasks: TaskRegistry;
  readonly pool: Pool;
  readonly pipeline: Pipeline;
  readonly concurrency: Concurrency;
  readonly consumption: Consumption;
  readonly revocations: Revocations;
  readonly controls: WorkerControls;
  readonly announcer: Announcer | null;
  /** Runs begun, by name of the task. */
  readonly total: ReadonlyMap<string, number>;
  /** What outlives the process has changed. */
  readonly onChanged: () => void;
  /** Slots that remote control may reach; null: ten times those at the start. */
  readonly maxConcurrency: number | null;
  readonly shutdown: () => void;
}

/** A worker as commands of remote control see it. */
export class Controlled implements ControlledWorker {
  readonly #parts: ControlledParts;
  readonly #startedAt: number;
  readonly maxConcurrency: number;

  constructor(parts: ControlledParts) {
    this.#parts = parts;
    this.maxConcurrency = parts.maxConcurrency ?? 10 * parts.concurrency.total;
    this.#startedAt = parts.worker.clock.monotonicMs();
  }

  get nodeName(): string {
    return this.#parts.worker.nodeName;
  }

  get controls(): WorkerControls {
    return this.#parts.controls;
  }

  get ticks(): WorkerParts["ticks"] {
    return this.#parts.worker.ticks;
  }

  get events(): Announcer | null {
    return this.#parts.announcer;
  }

  get concurrency(): number {
    return this.#parts.concurrency.total;
  }

  get tasks(): readonly TaskDefinition[] {
    return this.#parts.tasks.list();
  }

  rateLimitOf(task: TaskDefinition): RateLimit {
    return this.#parts.controls.rateLimitOf(task);
  }

  held(): readonly HeldTask[] {
    const { pipeline, pool, worker } = this.#parts;
    const zero = worker.clock.now() - worker.clock.monotonicMs();
    const running = new Map(
      pool.running.map(({ job, startedAt, pid }) => [job, { startedAt: zero + startedAt, pid: pid ?? worker.pid }]),
    );
    return pipeline.held().map(({ request, state, job }) => {
      const { startedAt = null, pid = null } = (job !== null && running.get(job)) || {};
      return { request, state, startedAt, pid };
    });
  }

  revoked(): readonly (readonly [id: string, at: number])[] {
    return this.#parts.revocations.entries().ids;
  }

  mergeRevoked(ids: readonly string[]): void {
    const { revocations, pipeline, onChanged } = this.#parts;
    if (ids.length === 0) return;
    for (const id of ids) revocations.addId(id, this.now());
    pipeline.refuseRevoked();
    onChanged();
  }

  stats(): Omit<WorkerStats, "clock"> {
    const { worker, consumption, concurrency, pool, total } = this.#parts;
    return statsOf({
      total,
      pid: worker.pid,
      uptimeSeconds: (worker.clock.monotonicMs() - this.#startedAt) / 1_000,
      pools: worker.options.pools,
      concurrency: concurrency.total,
      processes: pool.processes,
      broker: worker.broker,
      prefetchCount: consumption.queues.reduce((sum, queue) => sum + concurrency.prefetchOf(queue), 0),
      rusage: resourceUsage(),
    });
  }

  queues(): readonly ActiveQueue[] {
    return this.#parts.consumption.queues.flatMap(({ topology }) => queueInfo(topology) ?? []);
  }

  settings(withDefaults: boolean): Readonly<Record<string, Tree>> {
    const { worker, announcer, concurrency } = this.#parts;
    const {
      options,
      broker,
      content: { defaultSerializer },
    } = worker;
    const tellsOfTasks = announcer?.tellsOfTasks ?? false;
    return settingsOf(
      { options, broker, concurrency: concurrency.total, tellsOfTasks, defaultSerializer },
      withDefaults,
    );
  }

  report(): string {
    const settings = Object.entries(this.settings(false)).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return [
      "",
      `software -> leveret:${ownVersion()} node:${process.versions.node}`,
      `platform -> ${machineName()}`,
      "",
      ...settings,
      "",
    ].join("\n");
  }

  residentBytes(): number {
    return residentBytes();
  }

  monotonicSeconds(): number {
    return monotonicSeconds();
  }

  now(): number {
    return this.#parts.worker.clock.now();
  }

  shutdown(message: string): void {
    this.#parts.worker.log.warn("remote control asks the worker to stop", { reason: message });
    this.#parts.shutdown();
  }
}
