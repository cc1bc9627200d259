import type { ResultMeta, TaskMessage } from "@leveret/celery-protocol";
import type { ResultStore } from "./backend.ts";

/** The stores of a worker. */
export interface ReplyStoreParts {
  /** For tasks that name a reply queue. */
  readonly rpc: ResultStore;
  /** For tasks without a reply queue (gocelery, celery-node); null: these get no answer. */
  readonly perTask: ResultStore | null;
}

/** Stores each result where its sender reads: in the task's reply queue, else in a queue per task. */
export function createReplyStore({ rpc, perTask }: ReplyStoreParts): ResultStore {
  return {
    async store(meta: ResultMeta, task: TaskMessage): Promise<void> {
      await (task.replyTo ? rpc : perTask)?.store(meta, task);
    },
    async close(): Promise<void> {
      await rpc.close();
      await perTask?.close();
    },
  };
}
