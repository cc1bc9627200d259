import { ownText, type ResultMeta } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { ResultWatcher } from "./backend.ts";

/** How much is kept for those who ask later. */
export interface PendingLimits {
  /** Results at most. */
  readonly maxResults: number;
  /** Bytes of their bodies at most. */
  readonly maxBytes: number;
}

/** Ids of given-up results that are remembered, for each result that may be kept. */
const rememberedPerKept = 10;

/** A longer id was made up by a stranger, and is not remembered. */
const longestId = 1_024;

/**
 * The states that have come and those who wait for more. The latest state of each task is kept, within limits, the
 * oldest given up first; a final state is never undone, for Celery may repeat a state or send it late.
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

  /** Takes one state in; `bytes` is what it cost on the wire. */
  deliver(meta: ResultMeta, bytes: number): void {
    if (this.#closed !== null || this.isSettled(meta.taskId)) return;
    this.#drop(meta.taskId);
    this.#kept.set(meta.taskId, { meta, bytes });
    this.#bytes += bytes;
    this.#giveUpOldest();
    for (const watcher of this.#watchers.get(meta.taskId) ?? []) watcher.onState(meta);
  }

  /** Tells those who wait for one task that nothing more will come. */
  lose(taskId: string, error: CeleryError): void {
    const watchers = this.#watchers.get(taskId) ?? [];
    this.#watchers.delete(taskId);
    for (const watcher of watchers) watcher.onLost(error);
  }

  /** Waits for the states of one task, the latest known one at once. */
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

  /** Whether states are waited for. */
  get isAwaited(): boolean {
    return this.#watchers.size > 0;
  }

  /** The latest state that is kept of this task, or null. */
  latest(taskId: string): ResultMeta | null {
    return this.#kept.get(taskId)?.meta ?? null;
  }

  /** The final state of this task has come and is kept. */
  isSettled(taskId: string): boolean {
    const meta = this.latest(taskId);
    return meta !== null && isFinal(meta);
  }

  /** Drops what is kept of one task. */
  forget(taskId: string): void {
    this.#drop(taskId);
    this.#givenUp.delete(taskId);
  }

  /** Ends all waiting, now and later, with `error`. */
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
      `The result of task ${taskId} came and was given up: a client keeps the last ${maxResults} results (${maxBytes} bytes) that nobody awaits. Await it sooner, or send with ignoreResult what nobody reads`,
    );
  }
}

function isFinal({ status }: ResultMeta): boolean {
  return status === "SUCCESS" || status === "FAILURE" || status === "REVOKED";
}
