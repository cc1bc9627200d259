import type { ResultMeta, TaskMessage } from "@leveret/celery-protocol";
import type { CeleryError } from "../ports/errors.ts";
import type { ChordCounter } from "./chords.ts";
import type { GroupStore } from "./groups.ts";

/** The worker's side of results. */
export interface ResultStore {
  /** Stores one state; resolves when it is safe to ack. `task` says where to. */
  store(meta: ResultMeta, task: TaskMessage): Promise<void>;
  /**
   * Resolves where a state could be stored now. A worker asks before it takes its first message, and every 5 seconds after
   * the backend has failed. Absent: it is taken to work. Rejects as `store` does.
   */
  check?(): Promise<void>;
  /** Where it can count the parts of chords; absent: a chord is refused. */
  readonly chords?: ChordCounter;
  close(): Promise<void>;
}

/** Who waits for the states of a task. */
export interface ResultWatcher {
  /** Called with each state, in order; the latest known one at once. */
  onState(meta: ResultMeta): void;
  /** Called once where no more states can come: results are disabled, dropped, or cannot be reached. */
  onLost(error: CeleryError): void;
}

/** The client's side of results. */
export interface ResultSource {
  /** What to write into `reply_to`, or null where this backend does not use it. */
  replyTo(taskId: string): string | null;
  /** Ready to receive before the send. Called once per send whose result is wanted; cheap when ready. */
  prepare(taskId: string): Promise<void>;
  /** Watches one task; the returned function stops that and may be called twice. */
  watch(taskId: string, watcher: ResultWatcher): () => void;
  /** The latest state known here, without asking anyone; null where none is. */
  latest(taskId: string): ResultMeta | null;
  /** Drops what is kept of the task. */
  forget(taskId: string): Promise<void>;
  /** Where it can count the parts of chords; absent: a chord is refused, before anything is sent. */
  readonly chords?: ChordCounter;
  /** Where it keeps groups; absent: they cannot be saved. */
  readonly groups?: GroupStore;
  close(): Promise<void>;
}

/** Where results go and come from: one object for both sides, for one client or one worker, which closes it. A second is refused. */
export interface ResultBackend extends ResultStore, ResultSource {}
