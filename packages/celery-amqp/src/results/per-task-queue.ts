import { type Content, isReady, type ResultMeta, type TaskMessage } from "@leveret/celery-protocol";
import { encodePerTaskResult } from "@leveret/celery-protocol/results";
import { perTaskResultQueue, type QueueTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { Transport } from "../ports/transport.ts";
import type { ResultStore } from "./backend.ts";

/** The dependencies of the worker's side of per-task queues. */
export interface PerTaskStoreParts {
  readonly transport: Transport;
  readonly content: Content;
}

/**
 * Stores results for clients that read one queue per task. Only the final state is sent: gocelery's client takes the
 * first message as the result.
 */
export class PerTaskQueueStore implements ResultStore {
  readonly #parts: PerTaskStoreParts;

  constructor(parts: PerTaskStoreParts) {
    this.#parts = parts;
  }

  async store(meta: ResultMeta, task: TaskMessage): Promise<void> {
    if (!isReady(meta.status)) return;
    const topology = perTaskResultQueue(task.id);
    await this.#declare(topology);
    const { transport, content } = this.#parts;
    const message = encodePerTaskResult(meta, content);
    await transport.publisher.publish(message, { exchange: "", routingKey: topology.queue }, { mandatory: false });
  }

  async close(): Promise<void> {}

  async #declare(topology: QueueTopology): Promise<void> {
    try {
      await this.#parts.transport.declare(topology);
    } catch (error) {
      // The reader has declared the queue with arguments of its own.
      if (!(error instanceof CeleryError && error.code === "queue-mismatch")) throw error;
    }
  }
}
