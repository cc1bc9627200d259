import {
  type Content,
  encodeResult,
  type ResultMeta,
  type TaskMessage,
  type WireMessage,
} from "@leveret/celery-protocol";
import type { Clock } from "../../ports/clock.ts";
import { CeleryError } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Transport } from "../../ports/transport.ts";
import type { ResultStore } from "../backend.ts";
import { BadQueues } from "./bad-queues.ts";

/** The dependencies of the worker's side of rpc results. */
export interface RpcStoreParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a reply queue may take to accept a state, in milliseconds. */
const answerTimeoutMs = 1_000;

/**
 * Celery's `rpc://` on the worker's side: each state is a message to the queue that the task names as `reply_to`, not
 * persistent, never compressed. A state for a deleted queue is dropped, as in Celery. A state for an unavailable queue
 * is dropped after a second (RabbitMQ 4.3 keeps the record of an exclusive queue whose node is down, and refuses
 * messages for it), so that one caller delays no other task. Source: celery/backends/rpc.py.
 */
export class RpcStore implements ResultStore {
  readonly #parts: RpcStoreParts;
  readonly #bad: BadQueues;

  constructor(parts: RpcStoreParts) {
    this.#parts = parts;
    this.#bad = new BadQueues(parts.clock);
  }

  async store(meta: ResultMeta, task: TaskMessage): Promise<void> {
    const { replyTo, correlationId } = task;
    if (!replyTo) return;
    const message = encodeResult(meta, this.#parts.content, { correlationId });
    const how = this.#bad.ask(replyTo);
    if (how === "send") return this.#send(message, replyTo);
    if (how === "try") this.#send(message, replyTo).catch(() => this.#bad.onFailed(replyTo));
  }

  async close(): Promise<void> {}

  /** @throws CeleryError for failures that are not the queue's: no connection, a message that cannot be written */
  async #send(message: WireMessage, queue: string): Promise<void> {
    const { transport } = this.#parts;
    const to = { exchange: "", routingKey: queue };
    try {
      await transport.publisher.publish(message, to, { mandatory: false, answerTimeoutMs });
      this.#bad.onTaken(queue);
    } catch (error) {
      if (transport.state !== "open" || !isRefusal(error)) throw error;
      this.#drop(queue, error);
    }
  }

  #drop(queue: string, { message }: Error): void {
    if (!this.#bad.onFailed(queue)) return;
    this.#parts.logger.warn("a reply queue refuses results, they are dropped", {
      queue,
      error: message,
    });
  }
}

function isRefusal(error: unknown): error is CeleryError {
  return error instanceof CeleryError && (error.code === "publish-nacked" || error.code === "publish-timeout");
}
