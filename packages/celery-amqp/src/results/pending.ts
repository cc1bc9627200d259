import type { ResultMeta } from "@leveret/celery-protocol";
import { ownText } from "@leveret/celery-protocol/wire";
import { CeleryError } from "../ports/errors.ts";
import type { ResultWatcher } from "./backend.ts";

/** Limits of the results that are kept without a watcher. */
export interface PendingLimits {
  /** Most results. */
  readonly maxResults: number;
  /** Most bytes of their bodies. */
  readonly maxBytes: number;
}

/** Remembered ids of dropped results, for each result that may be kept. */
const rememberedPerKept = 10;

/** A longer id is foreign, and is not remembered. */
const longestId = 1_024;

/**
 * States that have come, and their watchers. The latest state of each task is kept within limits, and the oldest is
 * dropped first; a final state is never replaced, since Celery may repeat a state or send it late.
 */
export class PendingResults {
  readonly #limits: PendingLimits;
  readonly #kept = new Map<string, { readonly meta: ResultMeta; readonly bytes: number }>();
  readonly #watchers = new Map<string, Set<ResultWatcher>>();
  readonly #givenUp = new Set<string>();
  #bytes = 0;
  #closed: CeleryError | null = null;

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  /** Adds one state; `bytes` is its size on the wire. */
  deliver(meta: ResultMeta, bytes: number): void {
    if (this.#closed !== null || this.isSettled(meta.taskId)) return;
    this.#drop(meta.taskId);
    this.#kept.set(meta.taskId, { meta, bytes });
    this.#bytes += bytes;
    this.#giveUpOldest();
    for (const watcher of this.#watchers.get(meta.taskId) ?? []) watcher.onState(meta);
  }

  /** Ends the watchers of one task: no more states will come. */
  lose(taskId: string, error: CeleryError): void {
    const watchers = this.#watchers.get(taskId) ?? [];
    this.#watchers.delete(taskId);
    for (const watcher of watchers) watcher.onLost(error);
  }

  /** Watches the states of one task, the latest known one at once. */
  watch(taskId: string, watcher: ResultWatcher): () => void {
    const lost = this.#closed ?? this.#gone(taskId);
    if (lost !== null) {
      watcher.onLost(lost);
      return () => {};
    }
    const watchers = this.#watchers.get(taskId) ?? new Set();
    this.#watchers.set(taskId, watchers.add(watcher));
    const latest = this.latest(taskId);
    if (latest !== null) watcher.onState(latest);
    return () => this.#unwatch(taskId, watcher);
  }

  /** Whether any task is watched. */
  get isAwaited(): boolean {
    return this.#watchers.size > 0;
  }

  /** The latest kept state of the task, or null. */
  latest(taskId: string): ResultMeta | null {
    return this.#kept.get(taskId)?.meta ?? null;
  }

  /** Whether the final state of the task is kept. */
  isSettled(taskId: string): boolean {
    const meta = this.latest(taskId);
    return meta !== null && isFinal(meta);
  }

  /** Drops the states of one task. */
  forget(taskId: string): void {
    this.#drop(taskId);
    this.#givenUp.delete(taskId);
  }

  /** Ends all watchers, now and later, with `error`. */
  close(error: CeleryError): void {
    this.#closed = error;
    for (const taskId of this.#watchers.keys()) this.lose(taskId, error);
    this.#kept.clear();
    this.#givenUp.clear();
    this.#bytes = 0;
  }

  #unwatch(taskId: string, watcher: ResultWatcher): void {
    const watchers = this.#watchers.get(taskId);
    if (watchers?.delete(watcher) && watchers.size === 0) this.#watchers.delete(taskId);
  }

  #drop(taskId: string): void {
    this.#bytes -= this.#kept.get(taskId)?.bytes ?? 0;
    this.#kept.delete(taskId);
  }

  #giveUpOldest(): void {
    for (const taskId of this.#kept.keys()) {
      if (this.#kept.size <= this.#limits.maxResults && this.#bytes <= this.#limits.maxBytes) return;
      if (this.#kept.size === 1) return; // the one that has just come
      this.#drop(taskId);
      this.#remember(taskId);
    }
  }

  #remember(taskId: string): void {
    if (taskId.length > longestId) return;
    this.#givenUp.add(ownText(taskId));
    if (this.#givenUp.size <= this.#limits.maxResults * rememberedPerKept) return;
    const [oldest] = this.#givenUp;
    if (oldest !== undefined) this.#givenUp.delete(oldest);
  }

  #gone(taskId: string): CeleryError | null {
    if (!this.#givenUp.has(taskId)) return null;
    const { maxResults, maxBytes } = this.#limits;
    return new CeleryError(
      "result-lost",
      `The result came and was dropped: task ${taskId} (a client keeps the last ${maxResults} results, ${maxBytes} bytes, that are not awaited). Await it sooner, raise keepResults, or send the task with ignoreResult.`,
    );
  }
}

function isFinal({ status }: ResultMeta): boolean {
  return status === "SUCCESS" || status === "FAILURE" || status === "REVOKED";
}
