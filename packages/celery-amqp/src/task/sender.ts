import { duration, instance, props, type Shape } from "@leveret/options";
import type { CallOptions } from "./call-options.ts";
import type { GroupSignature } from "./canvas-shape.ts";
import type { TaskFailedError, TaskRevokedError } from "./errors.ts";
import type { Duration } from "../ports/duration.ts";
import type { Signature } from "./signature.ts";
import type { TypedTask } from "./task.ts";

/** How long to wait for a result. */
export interface WaitOptions {
  /** Default: without end. */
  readonly timeout?: Duration;
  /** Aborting it ends the waiting, not the task. */
  readonly signal?: AbortSignal;
}

/** The shape of the options of a wait. */
export const waitShape: Shape = props<WaitOptions>({
  timeout: duration(),
  signal: instance("an AbortSignal", AbortSignal),
});

/** How a task ended, as a value. */
export type Settled<R> =
  | { readonly status: "SUCCESS"; readonly value: R }
  | { readonly status: "FAILURE"; readonly error: TaskFailedError }
  | { readonly status: "REVOKED"; readonly error: TaskRevokedError };

/** One state of a task: Celery's own, or one that the task reported (`PROGRESS`) with its details. */
export interface TaskState {
  /** Celery's name of the state. */
  readonly status: string;
  /** Details that the task reported with the state. */
  readonly meta: unknown;
}

/** How one task is revoked. */
export interface RevokeTaskOptions {
  /**
   * Also end it where it runs: `ctx.signal` is aborted, and a child that has not ended a second later is killed; Python
   * workers send a signal to its process. Default false: it runs to its end.
   */
  readonly terminate?: boolean;
  /** Why, for the handler that is ended and for the log; Python workers pass over it. */
  readonly reason?: string;
}

/** Revokes one task by a message to all workers; resolves when the broker has it. */
export type RevokeTask = (taskId: string, options: RevokeTaskOptions) => Promise<void>;

/** The result of a sent task. It may be ignored: without a caller that waits, no promise is rejected. */
export interface AsyncResult<R> {
  /** The task's id. */
  readonly id: string;
  /** The latest state known to this process; `PENDING` where none is known. */
  readonly state: string;
  /**
   * The task's result, checked by the task's `returns` schema.
   *
   * @throws TaskFailedError, TaskRevokedError: how it ended
   * @throws ResultTimeoutError: not in time; the task may still end
   * @throws CeleryError `aborted`, `closed`, `results-disabled`, `result-lost`, `arguments-invalid` (the value does not pass `returns`)
   */
  get(options?: WaitOptions): Promise<R>;
  /** How the task ended, without throwing for it. Throws as `get` where the end is not known. */
  settled(options?: WaitOptions): Promise<Settled<R>>;
  /** Each state as it comes, the latest known one first; ends with the final one. Throws as `settled`. */
  states(options?: WaitOptions): AsyncIterable<TaskState>;
  /** The previous result, of a step in a chain; null where there is none, or it is unknown. */
  readonly parent: AsyncResult<unknown> | null;
  /** Waits for the end, then gives the results of what the task sent while it ran; a group's are those of its members. */
  children(options?: WaitOptions): Promise<readonly AsyncResult<unknown>[]>;
  /**
   * This result and all that came of it, by `children`, each with its value, in the order of generations. Reading it throws
   * as `get` of each.
   */
  collect(options?: WaitOptions): AsyncIterable<readonly [result: AsyncResult<unknown>, value: unknown]>;
  /** Drops what is kept of the result. */
  forget(): Promise<void>;
  /**
   * Revokes the task, and with `terminate` ends it where it runs, by a message to all workers. Resolves when the broker
   * has confirmed that message; `settled` has the outcome of the task.
   *
   * @throws CeleryError `closed`, and all that a publish can end in
   */
  revoke(options?: RevokeTaskOptions): Promise<void>;
  /** Celery's form of a result in a message (`as_tuple`), so that a task can hand it on: ids, with those of its parents. */
  toJSON(): unknown;
}

/** The end of one member of a group. */
export interface MemberEnd {
  /** Its index in the group. */
  readonly index: number;
  /** Result of the member. */
  readonly result: AsyncResult<unknown>;
  /** How the member ended. */
  readonly settled: Settled<unknown>;
}

/**
 * What a group will come to: the list of what its members come to. It fails with the first of them that does.
 * Source: celery/result.py `GroupResult`.
 */
export interface GroupResult<R extends readonly unknown[]> extends AsyncResult<R> {
  /** The members', in their order. */
  readonly results: readonly AsyncResult<unknown>[];
  /** Number of members known to have succeeded. */
  readonly completedCount: number;
  /** The same as `get`, in Celery's word. */
  join(options?: WaitOptions): Promise<R>;
  /** The ends of the members as they come. Leaving it early stops the waiting. Throws where an end is not known. */
  iterate(options?: WaitOptions): AsyncIterable<MemberEnd>;
  /**
   * Keeps which tasks are its members, for `client.restoreGroup` in any program, or `GroupResult.restore` in Python.
   *
   * @throws CeleryError `results-disabled` where results keep no groups, and what the backend ends in
   */
  save(): Promise<void>;
  /** Forgets what `save` kept; the members keep their results. Throws as `save`. */
  delete(): Promise<void>;
}

/** A call by name, where the task is not known to this program. */
export interface NamedCall extends CallOptions {
  /** Positional arguments. Default none. */
  readonly args?: readonly unknown[];
  /** Keyword arguments. Default none. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** What can be sent: the narrow side of a client, also given to handlers as `ctx.client`. */
export interface TaskSender {
  /**
   * Sends a task; resolves when the broker has confirmed it.
   *
   * @throws CeleryError `arguments-invalid`, `option-invalid`, `encode-failed`, `aborted`, and all that a publish can end in:
   * UnroutableError, PublishTimeoutError, `publish-nacked`, `publish-refused`, `overloaded`, `message-too-large`, `closed`
   */
  send<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<AsyncResult<R>>;
  /** Sends a group. */
  send<R extends readonly unknown[]>(call: GroupSignature<[], R>): Promise<GroupResult<R>>;
  /** Sends a call. */
  send<R>(call: Signature<[], R>): Promise<AsyncResult<R>>;
  /** Sends, then waits for the result: `send` and `get` in one. */
  call<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<R>;
  /** The same for a call. */
  call<R>(call: Signature<[], R>): Promise<R>;
  /**
   * Opens a result by its id. With `rpc` results only the client or worker that sent the task receives it.
   *
   * @param task - gives the result its type and its schema
   */
  result<R>(id: string, task: TypedTask<never, R>): AsyncResult<R>;
  /** The same for a task that this program does not know. */
  result(id: string): AsyncResult<unknown>;
  /** Sends a task that is known by name only. */
  sendByName(name: string, call?: NamedCall): Promise<AsyncResult<unknown>>;
}
