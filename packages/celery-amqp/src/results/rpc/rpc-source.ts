import { type Content, decodeResult, type ResultMeta } from "@leveret/celery-protocol";
import { rpcReplyQueue } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery, Subscription, Transport } from "../../ports/transport.ts";
import type { ResultSource, ResultWatcher } from "../backend.ts";
import { type PendingLimits, PendingResults } from "../pending.ts";

/** The dependencies of the client's side of rpc results. */
export interface RpcSourceParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly logger: Logger;
  /** Name of the reply queue; unique, and the same for the client's life so that workers find it after a reconnect. */
  readonly queue: string;
  readonly limits: PendingLimits;
}

/**
 * Celery's `rpc://` on the client's side: one reply queue a client, declared before the first send and consumed without
 * acks. Results outlive neither the client nor, as the queue is auto-delete, a lost connection.
 * Source: celery/backends/rpc.py.
 */
export class RpcSource implements ResultSource {
  readonly #parts: RpcSourceParts;
  readonly #pending: PendingResults;
  /** Its current name. Results of tasks sent with an earlier name are lost, unless the queue's node is back in time. */
  #queue: string;
  #subscription: Promise<Subscription> | null = null;

  constructor(parts: RpcSourceParts) {
    this.#parts = parts;
    this.#queue = parts.queue;
    this.#pending = new PendingResults(parts.limits);
  }

  replyTo(): string {
    return this.#queue;
  }

  async prepare(): Promise<void> {
    this.#subscription ??= this.#subscribe();
    await this.#subscription;
  }

  watch(taskId: string, watcher: ResultWatcher): () => void {
    return this.#pending.watch(taskId, watcher);
  }

  latest(taskId: string): ResultMeta | null {
    return this.#pending.latest(taskId);
  }

  async forget(taskId: string): Promise<void> {
    this.#pending.forget(taskId);
  }

  async close(): Promise<void> {
    this.#pending.close(
      new CeleryError("closed", "The client was closed before the result came. Await results before closing."),
    );
    const subscription = await this.#subscription?.catch(() => null); // its sender got the error
    await subscription?.cancel();
  }

  async #subscribe(): Promise<Subscription> {
    const { transport, logger } = this.#parts;
    const queue = this.#queue;
    try {
      return await transport.subscribe(
        {
          queue,
          prefetch: 0,
          noAck: true,
          topology: rpcReplyQueue(queue),
          own: { isAwaiting: () => this.#pending.isAwaited, onRenamed: (name) => (this.#queue = name) },
          onLost: (reason) =>
            logger.warn("lost the reply queue, results sent meanwhile are lost", { queue, reason: reason.message }),
        },
        (delivery) => this.#take(delivery),
      );
    } catch (error) {
      this.#subscription = null; // the next send tries again
      throw error;
    }
  }

  #take({ message }: Delivery): void {
    try {
      this.#pending.deliver(decodeResult(message, this.#parts.content), message.body.byteLength);
    } catch (error) {
      const taskId = message.properties.correlationId;
      this.#parts.logger.warn("a result cannot be read", { taskId, reason: String(error) });
      if (taskId === undefined) return;
      const text = `The result cannot be read: task ${taskId}. See the error's cause.`;
      this.#pending.lose(taskId, new CeleryError("result-lost", text, { cause: error }));
    }
  }
}
