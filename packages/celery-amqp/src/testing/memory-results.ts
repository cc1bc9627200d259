import { isReady, type ResultMeta } from "@leveret/celery-protocol";
import type { ResultTuple } from "@leveret/celery-protocol/results";
import { CeleryError } from "../ports/errors.ts";
import type { ResultBackend, ResultWatcher } from "../results/backend.ts";
import type { GroupStore } from "../results/groups.ts";
import { MemoryChords } from "./memory-chords.ts";

/** Results kept in this process, for clients and workers of one test. */
export interface MemoryResults {
  /** For one client or one worker, which closes it: what is kept stays for the others. */
  connect(): ResultBackend;
}

/**
 * A result backend without a server: it keeps every result until it is forgotten, counts chords and keeps groups, as Redis
 * does.
 *
 * @example
 * ```ts
 * const results = createMemoryResults();
 * const client = createClient({ transport, results: results.connect() });
 * ```
 */
export function createMemoryResults(): MemoryResults {
  const shelf: Shelf = { metas: new Map(), watchers: new Map(), groups: new Map(), chords: new MemoryChords() };
  return { connect: () => new MemoryBackend(shelf) };
}

interface Shelf {
  readonly metas: Map<string, ResultMeta>;
  readonly watchers: Map<string, Set<ResultWatcher>>;
  readonly groups: Map<string, ResultTuple>;
  readonly chords: MemoryChords;
}

class MemoryBackend implements ResultBackend {
  readonly #shelf: Shelf;
  readonly #mine = new Map<ResultWatcher, string>();
  #closed = false;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  get chords(): MemoryChords {
    return this.#shelf.chords;
  }

  get groups(): GroupStore {
    const { groups } = this.#shelf;
    return {
      save: async (group) => void groups.set(group.id, group),
      restore: async (groupId) => groups.get(groupId) ?? null,
      delete: async (groupId) => void groups.delete(groupId),
    };
  }

  replyTo(): null {
    return null;
  }

  async prepare(): Promise<void> {}

  /** A result that is good stays as it is; any other may be replaced, by the task's next run. */
  async store(meta: ResultMeta): Promise<void> {
    const { metas, watchers } = this.#shelf;
    if (metas.get(meta.taskId)?.status === "SUCCESS") return;
    metas.set(meta.taskId, meta);
    for (const watcher of watchers.get(meta.taskId) ?? []) watcher.onState(meta);
  }

  watch(taskId: string, watcher: ResultWatcher): () => void {
    if (this.#closed) {
      watcher.onLost(closed());
      return () => {};
    }
    this.#mine.set(watcher, taskId);
    const { watchers } = this.#shelf;
    watchers.set(taskId, (watchers.get(taskId) ?? new Set()).add(watcher));
    const latest = this.latest(taskId);
    if (latest !== null) watcher.onState(latest);
    return () => this.#leave(taskId, watcher);
  }

  latest(taskId: string): ResultMeta | null {
    return this.#shelf.metas.get(taskId) ?? null;
  }

  async forget(taskId: string): Promise<void> {
    this.#shelf.metas.delete(taskId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const [watcher, taskId] of this.#mine) {
      this.#leave(taskId, watcher);
      const latest = this.latest(taskId);
      if (latest === null || !isReady(latest.status)) watcher.onLost(closed());
    }
  }

  #leave(taskId: string, watcher: ResultWatcher): void {
    this.#mine.delete(watcher);
    const watchers = this.#shelf.watchers.get(taskId);
    if (watchers?.delete(watcher) && watchers.size === 0) this.#shelf.watchers.delete(taskId);
  }
}

function closed(): CeleryError {
  return new CeleryError("closed", "The client was closed before the result came. Await results before closing.");
}
