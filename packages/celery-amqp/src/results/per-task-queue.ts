import {
  type Content,
  encodePerTaskResult,
  isReady,
  perTaskResultQueue,
  type QueueTopology,
  type ResultMeta,
  type TaskMessage,
} from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { Transport } from "../ports/transport.ts";
import type { ResultStore } from "./backend.ts";

/** What the worker's side of per-task queues is made of. */
export interface PerTaskStoreParts {
  readonly transport: Transport;
  readonly content: Content;
}

/**
 * Results for clients that read one queue a task. Exactly one message goes there, the final state: gocelery's client
 * takes the first message for the last.
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
      // The reader has made it, with arguments of its own: it is there, that is enough.
      if (!(error instanceof CeleryError && error.code === "queue-mismatch")) throw error;
    }
  }
}
