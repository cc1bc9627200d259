import { duration, flag, list, oneOrMany, orNull, props, record, shape, string, text } from "@leveret/options";
import { CeleryError } from "../../ports/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import { checkOptions, invalidOption } from "../../ports/options.ts";
import { resolveQueues, taskQueueShape } from "../../send/queue-table.ts";
import { type Duration, durationMs } from "../../ports/duration.ts";
import { type RateLimit, resolveRate } from "../../task/options.ts";
import type { TaskRegistry } from "../../task/registry.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { Concurrency } from "../consuming/concurrency.ts";
import type { Consumption } from "../consuming/consumption.ts";
import type {
  ConsumedQueue,
  RevokedHere,
  RevokeOptions,
  RevokeSelection,
  TimeLimitOptions,
} from "../control/controls.ts";
import type { CommandedWorker } from "../control/panel.ts";
import type { WorkerState } from "../rules/lifecycle.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { TaskRevoked } from "../../task/stop-reasons.ts";
import type { Pool } from "../pool/pool.ts";
import { rateText } from "../rules/rate.ts";
import { isStampValue, type Revocations, type StampSelection } from "../rules/revocations.ts";

/** What the operations on a worker change. */
export interface WorkerControlsParts {
  /** `celery@host`. */
  readonly name: string;
  readonly tasks: TaskRegistry;
  readonly pool: Pool;
  readonly pipeline: Pipeline;
  readonly concurrency: Concurrency;
  readonly consumption: Consumption;
  readonly revocations: Revocations;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lifecycle: { readonly state: WorkerState };
  /** The revoked tasks have changed, which a state file keeps. */
  readonly onChanged: () => void;
}

const revokeShape = props<RevokeOptions>({ terminate: flag, reason: string });
const limitShape = orNull(duration(1));
const timeLimitShape = props<TimeLimitOptions>({ hard: limitShape, soft: limitShape });
const taskIds = list(text(), { wanted: "a task id, a list of task ids, or { stamps }" });
const stampsShape = record(oneOrMany(shape("a stamp's value: a string, a number, true or false", isStampValue)));

/** How long a handler that is terminated has to answer its aborted signal. */
const abortMs = 1_000;

/** The operations on a running worker, as its owner, the user's commands and remote control call them. */
export class WorkerControls implements CommandedWorker {
  readonly name: string;
  readonly #parts: WorkerControlsParts;
  /** Limits that were changed. */
  readonly #rates = new Map<string, RateLimit>();

  constructor(parts: WorkerControlsParts) {
    this.#parts = parts;
    this.name = parts.name;
  }

  revoke(what: RevokeSelection, options: RevokeOptions = {}): RevokedHere {
    const { pipeline, revocations, log } = this.#parts;
    checkOptions(revokeShape, options, "revoke");
    const { terminate = false, reason = null } = options;
    if (typeof what === "object" && what !== null && "stamps" in what) this.#addStamps(what.stamps);
    else this.#addIds(typeof what === "string" ? [what] : what);
    this.#parts.onChanged();
    const waiting = pipeline.refuseRevoked().map(({ task }) => task.id);
    const running = pipeline.running.filter(({ task }) => revocations.has(task)).map(({ task }) => task.id);
    log.info("tasks are revoked", { what: JSON.stringify(what).slice(0, 1_000), terminate, reason, waiting, running });
    if (terminate) for (const id of running) this.#terminate(id, reason);
    return { waiting, running };
  }

  setRateLimit(task: TaskDefinition | string, rate: RateLimit): void {
    const perSecond = resolveRate(rate, "setRateLimit");
    const name = this.#nameOf(task);
    this.#parts.pipeline.setRate(name, perSecond);
    this.#rates.set(name, perSecond === null ? null : rate);
  }

  /** The rate limit of a task, as it was set last; null is no limit. */
  rateLimitOf({ name, policy }: TaskDefinition): RateLimit {
    const changed = this.#rates.get(name);
    return changed === undefined ? rateText(policy.ratePerSecond) : changed;
  }

  setTimeLimit(task: TaskDefinition | string, options: TimeLimitOptions): void {
    checkOptions(timeLimitShape, options, "setTimeLimit");
    const { hard, soft } = options;
    const limits = { timeLimitMs: limitMs(hard, "hard"), softTimeLimitMs: limitMs(soft, "soft") };
    this.#parts.pipeline.setTimeLimits(this.#nameOf(task), limits);
  }

  async pause(queue?: string): Promise<void> {
    this.#assertRunning("pause");
    await this.#parts.consumption.pause(queue);
    this.#parts.log.info("the worker is paused", { queue: queue ?? "all" });
  }

  async resume(queue?: string): Promise<void> {
    this.#assertRunning("resume");
    await this.#parts.consumption.resume(queue);
    this.#parts.log.info("the worker is resumed", { queue: queue ?? "all" });
  }

  async addConsumer(queue: string | ConsumedQueue): Promise<void> {
    this.#assertRunning("add a consumer");
    checkOptions(taskQueueShape, queue, "addConsumer");
    for (const resolved of resolveQueues([queue]).queues.values()) {
      this.#parts.concurrency.assertShares(resolved.name);
      await this.#parts.consumption.add(resolved);
    }
  }

  async cancelConsumer(queue: string): Promise<void> {
    this.#assertRunning("cancel a consumer");
    await this.#parts.consumption.remove(queue);
  }

  async setConcurrency(concurrency: number, queue?: string): Promise<void> {
    this.#assertRunning("change its concurrency");
    const { concurrency: slots, consumption, log, pipeline, pool } = this.#parts;
    slots.change(concurrency, queue ?? null);
    pool.resize(slots.total);
    pipeline.fill();
    log.info("the concurrency is changed", { queue: queue ?? "all", concurrency, total: slots.total });
    await consumption.resize((each) => slots.prefetchOf(each));
  }

  #addIds(ids: readonly string[]): void {
    checkOptions(taskIds, ids, "revoke");
    const { revocations, clock } = this.#parts;
    for (const id of ids) revocations.addId(id, clock.now());
  }

  #addStamps(stamps: StampSelection): void {
    checkOptions(stampsShape, stamps, "revoke: stamps");
    const pairs = Object.entries(stamps).flatMap(([name, values]) => pairsOf(name, values));
    if (pairs.length === 0) throw invalidOption("revoke", "stamps", stamps, 'Name one, such as { tenant: "blue" }');
    const { revocations, clock } = this.#parts;
    for (const [name, value] of pairs) if (isStampValue(value)) revocations.addStamp(name, value, clock.now());
  }

  /** First the signal, so that a handler can tidy up; then by force. */
  #terminate(id: string, reason: string | null): void {
    const { pool, clock } = this.#parts;
    pool.abort(id, new TaskRevoked(reason));
    clock.setTimer(abortMs, () => pool.terminate(id));
  }

  #nameOf(task: TaskDefinition | string): string {
    const name = typeof task === "string" ? task : task?.name;
    if (typeof name === "string" && this.#parts.tasks.get(name) !== null) return name;
    throw new CeleryError("option-invalid", `Task "${name}" is not among the worker's tasks: add it there`);
  }

  #assertRunning(what: string): void {
    const state = this.#parts.lifecycle.state;
    if (state === "running") return;
    throw new CeleryError("worker-state", `A worker that is ${state} cannot ${what}: wait until it runs`);
  }
}

function pairsOf(name: string, values: unknown): readonly (readonly [string, unknown])[] {
  return (Array.isArray(values) ? values : [values]).map((value: unknown) => [name, value]);
}

function limitMs(limit: Duration | null | undefined, option: string): number | null {
  return limit === undefined || limit === null ? null : durationMs(limit, option);
}
