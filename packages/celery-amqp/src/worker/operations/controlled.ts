import type { Tree } from "@leveret/celery-protocol";
import type { ActiveQueue, WorkerStats } from "@leveret/celery-protocol/control";
import type { LogicalClock } from "../../events/logical-clock.ts";
import type { BrokerFacts } from "../../ports/broker-facts.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import { machineName, monotonicSeconds, ownVersion, residentBytes, resourceUsage } from "../../system/machine.ts";
import type { RateLimit } from "../../task/options.ts";
import type { TaskRegistry } from "../../task/registry.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { Announcer } from "../reporting/announcer.ts";
import type { Concurrency } from "../consuming/concurrency.ts";
import type { Consumption } from "../consuming/consumption.ts";
import type { ControlledWorker } from "../control/controlled-worker.ts";
import type { ResolvedWorker } from "../options/worker.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Pool } from "../pool/pool.ts";
import { queueInfo } from "../rules/queue-info.ts";
import type { WorkerRequest } from "../rules/request-info.ts";
import type { Revocations } from "../rules/revocations.ts";
import { settingsOf } from "./settings.ts";
import { statsOf } from "./stats.ts";
import type { WorkerControls } from "./worker-controls.ts";

/** What commands of remote control read and change. */
export interface ControlledParts {
  /** `celery@host`. */
  readonly nodeName: string;
  readonly pid: number;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly log: Logger;
  readonly options: ResolvedWorker;
  /** Null: the address of the broker is not known. */
  readonly broker: BrokerFacts | null;
  /** Of results, events and replies. */
  readonly defaultSerializer: string;
  readonly tasks: TaskRegistry;
  readonly pool: Pool;
  readonly pipeline: Pipeline;
  readonly concurrency: Concurrency;
  readonly consumption: Consumption;
  readonly revocations: Revocations;
  readonly controls: WorkerControls;
  readonly announcer: Announcer | null;
  /** Runs begun, by name of the task. */
  readonly started: ReadonlyMap<string, number>;
  /** The revoked tasks have changed, which a state file keeps. */
  readonly onChanged: () => void;
  /** Slots that remote control may set at most; null: ten times those at the start. */
  readonly maxConcurrency: number | null;
}

/** A worker as commands of remote control see it. */
export class Controlled implements ControlledWorker {
  readonly #parts: ControlledParts;
  readonly #startedAt: number;
  #stop = (): void => {};
  readonly maxConcurrency: number;

  constructor(parts: ControlledParts) {
    this.#parts = parts;
    this.maxConcurrency = parts.maxConcurrency ?? 10 * parts.concurrency.total;
    this.#startedAt = parts.clock.monotonicMs();
  }

  /** @param stop - stops the worker warm */
  start(stop: () => void): void {
    this.#stop = stop;
  }

  get nodeName(): string {
    return this.#parts.nodeName;
  }

  get controls(): WorkerControls {
    return this.#parts.controls;
  }

  get logicalClock(): LogicalClock {
    return this.#parts.logicalClock;
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

  requests(): readonly WorkerRequest[] {
    const { pipeline, pool, clock, pid: ownPid } = this.#parts;
    const zero = clock.now() - clock.monotonicMs();
    const running = new Map(
      pool.running.map(({ job, startedAt, pid }) => [job, { startedAt: zero + startedAt, pid: pid ?? ownPid }]),
    );
    return pipeline.requests().map(({ request, state, job }) => {
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
    const { pid, clock, options, broker, consumption, concurrency, pool, started } = this.#parts;
    return statsOf({
      started,
      pid,
      uptimeSeconds: (clock.monotonicMs() - this.#startedAt) / 1_000,
      pools: options.pools,
      concurrency: concurrency.total,
      processes: pool.processes,
      broker,
      prefetchCount: consumption.queues.reduce((sum, queue) => sum + concurrency.prefetchOf(queue), 0),
      rusage: resourceUsage(),
    });
  }

  queues(): readonly ActiveQueue[] {
    return this.#parts.consumption.queues.flatMap(({ topology }) => queueInfo(topology) ?? []);
  }

  settings(withDefaults: boolean): Readonly<Record<string, Tree>> {
    const { options, broker, defaultSerializer, announcer, concurrency } = this.#parts;
    const sendsTaskEvents = announcer?.sendsTaskEvents ?? false;
    const parts = { options, broker, concurrency: concurrency.total, sendsTaskEvents, defaultSerializer };
    return settingsOf(parts, withDefaults);
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
    return this.#parts.clock.now();
  }

  shutdown(message: string): void {
    this.#parts.log.warn("remote control asks the worker to stop", { reason: message });
    this.#stop();
  }
}
