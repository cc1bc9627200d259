import type { TaskMessage } from "@leveret/celery-protocol";

/** The one way to add behaviour: around sending a task, around running one, or both. The first given is the outermost. */
export interface Interceptor {
  /** Wraps a publish. Hand `next` the message, changed or not; it resolves at the broker's confirm. */
  send?(task: TaskMessage, next: (task: TaskMessage) => Promise<void>): Promise<void>;
  /** Wraps a handler. What `next` resolves to is the task's result; what it throws is its failure. */
  run?(task: TaskMessage, next: () => Promise<unknown>): Promise<unknown>;
}
