import { hostname } from "node:os";
import type { ChordCounter, GroupStore, ResultBackend, ResultWatcher } from "@leveret/celery-amqp";
import type { ResultMeta, TaskMessage } from "@leveret/celery-protocol";
import { Commands } from "./commands.ts";
import { type RedisResultsOptions, type ResolvedResults, resolveResults } from "./options.ts";
import type { RedisCluster, RedisSentinel } from "./address.ts";
import { RedisChords } from "./redis-chords.ts";
import { RedisGroups } from "./redis-groups.ts";
import { RedisSource } from "./redis-source.ts";
import { RedisStore } from "./redis-store.ts";

/**
 * Results in Redis, as Celery's `redis://` backend stores them, for one client or one worker, which closes them; a
 * second owner is refused. A worker connects when it starts, and does not start where Redis refuses its login; a client
 * connects when it first needs a result.
 *
 * @example
 * ```ts
 * const client = createClient({ results: redisResults("redis://localhost:6379/0") });
 * const worker = createWorker({ tasks, results: redisResults("redis://localhost:6379/0") });
 * ```
 * @param where - `redis://user:password@host:6379/0`, `rediss://…` for TLS, `redis+socket:///path`, all as in Celery;
 * an object for Sentinel or Cluster
 * @throws CeleryError `option-invalid`
 */
export function redisResults(
  where: string | RedisSentinel | RedisCluster,
  options: RedisResultsOptions = {},
): ResultBackend {
  return new RedisBackend(resolveResults(where, options, hostname()));
}

class RedisBackend implements ResultBackend {
  readonly name = "redis";
  readonly chords: ChordCounter;
  readonly groups: GroupStore;
  readonly #commands: Commands;
  readonly #store: RedisStore;
  readonly #source: RedisSource;

  constructor(options: ResolvedResults) {
    this.#commands = new Commands(options.address, options.logger);
    this.#store = new RedisStore(this.#commands, options);
    this.#source = new RedisSource(this.#commands, options);
    this.chords = new RedisChords(this.#commands, options);
    this.groups = new RedisGroups(this.#commands, options);
  }

  /** Results are found by the task's id alone. */
  replyTo(): null {
    return null;
  }

  /** Results are stored, so a later watcher misses none. */
  async prepare(): Promise<void> {}

  store(meta: ResultMeta, task: TaskMessage): Promise<void> {
    return this.#store.store(meta, task);
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  watch(taskId: string, watcher: ResultWatcher): () => void {
    return this.#source.watch(taskId, watcher);
  }

  latest(taskId: string): ResultMeta | null {
    return this.#source.latest(taskId);
  }

  forget(taskId: string): Promise<void> {
    return this.#source.forget(taskId);
  }

  async close(): Promise<void> {
    await this.#source.close();
    this.#commands.close();
  }
}
