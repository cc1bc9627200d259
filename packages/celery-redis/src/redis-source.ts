import { CeleryError, type ResultSource, type ResultWatcher } from "@leveret/celery-amqp";
import { isReady, type ResultMeta } from "@leveret/celery-protocol";
import { decodeResultBody } from "@leveret/celery-protocol/results";
import type { Commands } from "./commands.ts";
import { waitMs } from "./connections.ts";
import { KeptResults } from "./kept-results.ts";
import { Listener } from "./listener.ts";
import type { ResolvedResults } from "./options.ts";

/** One watched task. */
interface Watched {
  readonly taskId: string;
  readonly watchers: Set<ResultWatcher>;
  /** The latest state passed to watchers. */
  latest: ResultMeta | null;
  /** The latest value passed to watchers. */
  body: Buffer | null;
  /** Number of values received on the channel: a value read meanwhile may be older. */
  heard: number;
  /** The latest value was read: its message may still come. */
  isLookedUp: boolean;
}

/**
 * Waits for results without polling: subscribes to a task's channel, then reads the stored result. Does both again
 * after a lost connection, so that watchers miss no result. Source: celery/backends/redis.py `ResultConsumer`.
 */
export class RedisSource implements Pick<ResultSource, "watch" | "latest" | "forget" | "close"> {
  readonly #commands: Commands;
  readonly #options: ResolvedResults;
  readonly #listener: Listener;
  readonly #kept: KeptResults;
  /** By channel. */
  readonly #watched = new Map<string, Watched>();
  readonly #retries = new Set<() => void>();
  #closed = false;

  constructor(commands: Commands, options: ResolvedResults) {
    this.#commands = commands;
    this.#options = options;
    this.#kept = new KeptResults(options.kept);
    this.#listener = new Listener({
      ...options,
      onListening: (channels) => {
        for (const channel of channels) void this.#lookUp(channel);
      },
      onMessage: (channel, body) => this.#onMessage(channel, body),
      onRefused: (error) => this.#loseAll(error),
    });
  }

  watch(taskId: string, watcher: ResultWatcher): () => void {
    const known = this.#kept.latest(taskId);
    if (this.#closed || (known !== null && isReady(known.status))) {
      if (this.#closed) watcher.onLost(closed());
      else if (known !== null) watcher.onState(known);
      return () => {};
    }
    const channel = this.#options.keys.task(taskId);
    const watched = this.#watched.get(channel) ?? this.#begin(channel, taskId);
    watched.watchers.add(watcher);
    if (watched.latest !== null) watcher.onState(watched.latest);
    return () => this.#leave(channel, watched, watcher);
  }

  latest(taskId: string): ResultMeta | null {
    return this.#kept.latest(taskId);
  }

  /** @throws CeleryError as `Commands` */
  async forget(taskId: string): Promise<void> {
    this.#kept.drop(taskId);
    await this.#commands.run("del", this.#options.keys.task(taskId));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listener.close();
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
    this.#loseAll(closed());
    this.#kept.clear();
  }

  #begin(channel: string, taskId: string): Watched {
    const watched = {
      taskId,
      watchers: new Set<ResultWatcher>(),
      latest: null,
      body: null,
      heard: 0,
      isLookedUp: false,
    };
    this.#watched.set(channel, watched);
    this.#listener.listen(channel);
    return watched;
  }

  #leave(channel: string, watched: Watched, watcher: ResultWatcher): void {
    if (!watched.watchers.delete(watcher) || watched.watchers.size > 0) return;
    if (this.#watched.get(channel) !== watched) return;
    this.#watched.delete(channel);
    this.#listener.leave(channel);
  }

  /** Reads the stored result, unless a newer one came on the channel meanwhile. */
  async #lookUp(channel: string, attempt = 0): Promise<void> {
    const watched = this.#watched.get(channel);
    if (watched === undefined) return;
    const { heard } = watched;
    try {
      const body = await this.#commands.run("get", channel);
      if (!Buffer.isBuffer(body) || watched.heard !== heard || watched.body?.equals(body) === true) return;
      watched.isLookedUp = true;
      this.#tell(channel, watched, body);
    } catch (error) {
      this.#onNoAnswer(channel, watched, error as CeleryError, attempt);
    }
  }

  #onNoAnswer(channel: string, watched: Watched, error: CeleryError, attempt: number): void {
    if (this.#closed) return;
    if (error.code !== "results-unreachable") return this.#lose(channel, watched, error);
    const cancel = this.#options.clock.setTimer(waitMs(attempt), () => {
      this.#retries.delete(cancel);
      void this.#lookUp(channel, attempt + 1);
    });
    this.#retries.add(cancel);
  }

  #onMessage(channel: string, body: Buffer): void {
    const watched = this.#watched.get(channel);
    if (watched === undefined) return;
    watched.heard += 1;
    // The nodes of a cluster forward messages late: only the stored value is certainly the latest.
    if (this.#options.address.kind === "cluster") return void this.#lookUp(channel);
    const isTold = watched.isLookedUp && watched.body?.equals(body) === true;
    watched.isLookedUp = false;
    if (!isTold) this.#tell(channel, watched, body);
  }

  #tell(channel: string, watched: Watched, body: Buffer): void {
    if (watched.latest !== null && isReady(watched.latest.status)) return;
    const { content, stored, logger } = this.#options;
    const { taskId } = watched;
    try {
      const meta = { ...decodeResultBody(body, content, { ...stored, taskId }), taskId };
      watched.latest = meta;
      watched.body = body;
      this.#kept.keep(meta, body.byteLength);
      for (const watcher of watched.watchers) watcher.onState(meta);
    } catch (error) {
      const text = `The result cannot be read: task ${taskId}. See the error's cause.`;
      logger.warn(text, { reason: String(error) });
      this.#lose(channel, watched, new CeleryError("result-lost", text, { cause: error }));
    }
  }

  #lose(channel: string, watched: Watched, error: CeleryError): void {
    if (this.#watched.get(channel) === watched) this.#watched.delete(channel);
    this.#listener.leave(channel);
    for (const watcher of watched.watchers) watcher.onLost(error);
  }

  #loseAll(error: CeleryError): void {
    for (const [channel, watched] of this.#watched) this.#lose(channel, watched, error);
  }
}

function closed(): CeleryError {
  return new CeleryError("closed", "The client was closed before the result came. Await results before closing.");
}
