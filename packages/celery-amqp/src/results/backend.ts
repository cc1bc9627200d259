import type { ResultMeta, TaskMessage } from "@leveret/celery-protocol";
import type { CeleryError } from "../ports/errors.ts";
import type { ChordCounter } from "./chords.ts";
import type { GroupStore } from "./groups.ts";

/** The worker's side of results. */
export interface ResultStore {
  /** Name of the backend, for remote control: `redis`. Default `custom`. */
  readonly name?: string;
  /** Stores one state; resolves when it is safe to ack. `task` has the reply address. */
  store(meta: ResultMeta, task: TaskMessage): Promise<void>;
  /**
   * Resolves if a state could be stored now. A worker checks before its first message, and every 5 seconds after the
   * backend has failed. Absent: the backend is assumed to work. Rejects as `store` does.
   */
  check?(): Promise<void>;
  /** The counter of chords. Absent: chords are refused. */
  readonly chords?: ChordCounter;
  /** Closes connections of the store. Safe to call twice. */
  close(): Promise<void>;
}

/** A listener to the states of a task. */
export interface ResultWatcher {
  /** Called with each state, in order; the latest known one at once. */
  onState(meta: ResultMeta): void;
  /** Called once when no more states can come: results are disabled or dropped, or the backend is unreachable. */
  onLost(error: CeleryError): void;
}

/** The client's side of results. */
export interface ResultSource {
  /** Name of the backend, which is compared with that of workers. Default: it is not compared. */
  readonly name?: string;
  /** The value of `reply_to`, or null where this backend does not use it. */
  replyTo(taskId: string): string | null;
  /** Prepares for the result of a task before its send. Called once per send with a result; cheap once prepared. */
  prepare(taskId: string): Promise<void>;
  /** Watches one task; the returned function stops that and may be called twice. */
  watch(taskId: string, watcher: ResultWatcher): () => void;
  /** The latest state known to this process, without a request; null where none is. */
  latest(taskId: string): ResultMeta | null;
  /** Drops the stored states of the task. */
  forget(taskId: string): Promise<void>;
  /** The counter of chords. Absent: chords are refused before a message is sent. */
  readonly chords?: ChordCounter;
  /** The store of groups. Absent: groups cannot be saved. */
  readonly groups?: GroupStore;
  /** Closes connections of the source, and ends each wait. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * A result backend for both sides. It belongs to one client or one worker, which closes it; a second owner is refused.
 */
export interface ResultBackend extends ResultStore, ResultSource {}
