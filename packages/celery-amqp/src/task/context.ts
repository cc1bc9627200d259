import type { TaskMessage } from "@leveret/celery-protocol";
import type { Logger } from "../ports/logger.ts";
import type { Duration } from "../ports/duration.ts";
import type { TaskRequest } from "./request.ts";
import type { RetryCallOptions } from "./retry-call.ts";
import type { TaskSender } from "./sender.ts";
import type { Signature } from "./signature.ts";

/** What a handler is given as its first argument. */
export interface TaskContext {
  /** The task's id. */
  readonly id: string;
  /** Name of the task. */
  readonly name: string;
  /** 1 at the first run. */
  readonly attempt: number;
  /** True when a failure of this run will not be tried again. */
  readonly isLastAttempt: boolean;
  /** Id of the first task of the workflow. */
  readonly rootId: string;
  /** Id of the task that sent this one; null where a client sent it. */
  readonly parentId: string | null;
  /** The broker has handed this message out before; the work may have been done once already. */
  readonly redelivered: boolean;
  /** Custom headers of the call. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The fields of Celery's `self.request`, by their names. */
  readonly request: TaskRequest;
  /** The whole message. */
  readonly message: TaskMessage;
  /**
   * Aborted on the soft time limit, on revoke and on forced shutdown; its reason is the CeleryError or Error of the
   * cause.
   */
  readonly signal: AbortSignal;
  /** Log lines carry the task's id and name. */
  readonly log: Logger;
  /** Sends child tasks: they carry this task as parent and its root. */
  readonly client: TaskSender;
  /** Stores state PROGRESS with `meta`. */
  progress(meta: unknown): Promise<void>;
  /** Stores any other state with `meta`; the names Celery itself uses are refused. */
  setState(state: string, meta?: unknown): Promise<void>;
  /**
   * Sends a custom event to Celery's monitors, `ctx.sendEvent("task-halfway", { percent: 50 })`: it has this task's id,
   * and monitors show its state as HALFWAY. Not sent with `events: false`; `events: true` is not needed. Celery's
   * `self.send_event`.
   *
   * @throws CeleryError `option-invalid` for a type of Celery's own, and for one without a group before a dash
   */
  sendEvent(type: string, fields?: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Ends this run and asks for another, which counts as an attempt: Celery's `self.retry`. The next message keeps the
   * fields of this one, except those in `options`. The run has ended once this returns control by its throw, so nothing
   * of Celery's `throw=False` is needed here.
   *
   * @throws CeleryError `option-invalid` for an option of the wrong type, one that contradicts another, or one that no
   * retry has
   */
  retry(options?: RetryCallOptions): never;
  /** Ends this run and asks for another that does not count. */
  snooze(delay: Duration): never;
  /**
   * Ends this run and hands the message back to the broker: to be delivered again with `requeue`; without it the broker drops
   * or dead-letters the message, and the task fails by Celery's `Reject` with that `reason`.
   */
  reject(options?: { readonly requeue?: boolean; readonly reason?: string }): never;
  /** Ends this run without storing anything. */
  ignore(): never;
  /**
   * Ends this run and replaces the task by `call`: with this id, the callbacks and errbacks of this task, its index in
   * a group or chord and the rest of its chain. A caller that awaits this task gets the result of `call`; for a group
   * the list of results, which needs a results backend that counts chords.
   *
   * @throws CeleryError `option-invalid` for an invalid call
   */
  replace(call: Signature<[], unknown>): never;
  /**
   * Makes one more call part of the chord that this task is a part of: its body waits for it, too.
   *
   * @throws CeleryError `option-invalid` for a task that is no part of a chord and for a group, `chords-unsupported`
   */
  addToChord(call: Signature<[], unknown>): Promise<void>;
}
