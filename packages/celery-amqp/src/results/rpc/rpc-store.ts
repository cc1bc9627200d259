import { type Content, encodeResult, type ResultMeta, type TaskMessage } from "@leveret/celery-protocol";
import type { Transport } from "../../ports/transport.ts";
import type { ResultStore } from "../backend.ts";

/** What the worker's side of rpc results is made of. */
export interface RpcStoreParts {
  readonly transport: Transport;
  readonly content: Content;
}

/**
 * Celery's `rpc://` on the worker's side: each state is a message to the queue that the task names as `reply_to`, not
 * persistent, never compressed. One whose reader is gone vanishes, as with Celery. Source: celery/backends/rpc.py.
 */
export class RpcStore implements ResultStore {
  readonly #parts: RpcStoreParts;

  constructor(parts: RpcStoreParts) {
    this.#parts = parts;
  }

  async store(meta: ResultMeta, task: TaskMessage): Promise<void> {
    if (!task.replyTo) return;
    const { transport, content } = this.#parts;
    const message = encodeResult(meta, content, { correlationId: task.correlationId });
    await transport.publisher.publish(message, { exchange: "", routingKey: task.replyTo }, { mandatory: false });
  }

  async close(): Promise<void> {}
}
