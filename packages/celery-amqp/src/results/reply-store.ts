import type { ResultMeta, TaskMessage } from "@leveret/celery-protocol";
import type { ResultStore } from "./backend.ts";

/** Which stores a worker answers by. */
export interface ReplyStoreParts {
  /** For tasks that name a reply queue. */
  readonly rpc: ResultStore;
  /** For tasks that name none (gocelery, celery-node); null: these get no answer. */
  readonly perTask: ResultStore | null;
}

/** Answers each task the way its sender reads: to its reply queue where it names one, else to a queue of its own. */
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
