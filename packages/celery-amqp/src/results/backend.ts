import type { ResultMeta, TaskMessage } from "@leveret/celery-protocol";

/** Where results go and come from. A worker stores, a client watches; one object may do both. */
export interface ResultBackend {
  /** `chords`: it can count the parts of a chord. `persistent`: a result outlives its reading. */
  readonly capabilities: { readonly chords: boolean; readonly persistent: boolean };
  /** Client: what to write into `reply_to`, or null where this backend does not use it. */
  replyTo(): string | null;
  /** Client: ready to receive before the first send. Called once per send; cheap when ready. */
  prepare(taskId: string): Promise<void>;
  /** Worker: stores one state; resolves when it is safe to ack. `task` says where to. */
  store(meta: ResultMeta, task: TaskMessage): Promise<void>;
  /** Client: calls `listener` with each state of the task, the latest known one at once; the returned function stops that. */
  watch(taskId: string, listener: (meta: ResultMeta) => void): () => void;
  /** Client: drops what is kept of the task. */
  forget(taskId: string): Promise<void>;
  close(): Promise<void>;
}
