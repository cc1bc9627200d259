import { type Content, decodeResult, type ResultMeta } from "@leveret/celery-protocol";
import { perTaskResultQueue } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Delivery, Subscription, Transport } from "../ports/transport.ts";
import type { ResultSource, ResultWatcher } from "./backend.ts";
import { type PendingLimits, PendingResults } from "./pending.ts";

/** The dependencies of the client's side of per-task queues. */
export interface PerTaskSourceParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly logger: Logger;
  readonly limits: PendingLimits;
  /** Resolves when the transport is connected. Default: at once. */
  readonly connected?: () => Promise<void>;
}

/**
 * Results from workers that answer to one queue per task. `reply_to` has the queue's name too, so that Celery's workers
 * answer there as well. A queue is consumed from the first watch until the final state: cancelling earlier would delete
 * the queue and its result.
 */
export class PerTaskQueueSource implements ResultSource {
  readonly #parts: PerTaskSourceParts;
  readonly #pending: PendingResults;
  readonly #consumers = new Map<string, Promise<Subscription | null>>();
  #closed = false;

  constructor(parts: PerTaskSourceParts) {
    this.#parts = parts;
    this.#pending = new PendingResults(parts.limits);
  }

  replyTo(taskId: string): string {
    return perTaskResultQueue(taskId).queue;
  }

  async prepare(taskId: string): Promise<void> {
    await this.#parts.transport.declare(perTaskResultQueue(taskId));
  }

  watch(taskId: string, watcher: ResultWatcher): () => void {
    const unwatch = this.#pending.watch(taskId, watcher);
    if (!this.#closed && !this.#consumers.has(taskId) && !this.#pending.isSettled(taskId)) {
      this.#consumers.set(taskId, this.#consume(taskId));
    }
    return unwatch;
  }

  latest(taskId: string): ResultMeta | null {
    return this.#pending.latest(taskId);
  }

  async forget(taskId: string): Promise<void> {
    this.#pending.forget(taskId);
    await this.#leave(taskId);
    await this.#parts.connected?.();
    await this.#parts.transport.deleteQueue(perTaskResultQueue(taskId).queue);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pending.close(
      new CeleryError("closed", "The client was closed before the result came. Await results before closing."),
    );
    await Promise.all([...this.#consumers.keys()].map((taskId) => this.#leave(taskId)));
  }

  async #consume(taskId: string): Promise<Subscription | null> {
    const topology = perTaskResultQueue(taskId);
    try {
      await this.#parts.connected?.();
      return await this.#parts.transport.subscribe({ queue: topology.queue, prefetch: 1, topology }, (delivery) =>
        this.#take(taskId, delivery),
      );
    } catch (error) {
      this.#consumers.delete(taskId);
      this.#pending.lose(taskId, asCeleryError(error, taskId));
      return null;
    }
  }

  #take(taskId: string, delivery: Delivery): void {
    if (delivery.unreadable !== null) {
      this.#parts.logger.warn("a result with unreadable headers is dropped", { taskId, reason: delivery.unreadable });
      delivery.ack();
      return;
    }
    try {
      const meta = decodeResult(delivery.message, this.#parts.content);
      this.#pending.deliver({ ...meta, taskId }, delivery.message.body.byteLength);
    } catch (error) {
      this.#parts.logger.warn("a result cannot be read", { taskId, reason: String(error) });
      this.#pending.lose(taskId, asCeleryError(error, taskId));
      void this.#leave(taskId);
    }
    delivery.ack();
    if (this.#pending.isSettled(taskId)) void this.#leave(taskId);
  }

  async #leave(taskId: string): Promise<void> {
    const consumer = this.#consumers.get(taskId);
    this.#consumers.delete(taskId);
    const subscription = await consumer;
    await subscription?.cancel().catch(() => {}); // a consumer that is gone has left already
  }
}

function asCeleryError(error: unknown, taskId: string): CeleryError {
  if (error instanceof CeleryError) return error;
  return new CeleryError("result-lost", `The result cannot be read: task ${taskId}. See the error's cause.`, {
    cause: error,
  });
}
