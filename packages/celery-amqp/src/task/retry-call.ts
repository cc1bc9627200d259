import type { CallOptions } from "./call-options.ts";
import type { Duration } from "../ports/duration.ts";

/**
 * Options of a retry: Celery's `self.retry`. Absent options keep the message's values. Other options of a call do not
 * apply to a retry, which keeps its id, root, parent, group, chord, chain and stamps.
 */
export interface RetryCallOptions extends Pick<
  CallOptions,
  | "eta"
  | "expires"
  | "queue"
  | "exchange"
  | "routingKey"
  | "priority"
  | "headers"
  | "timeLimit"
  | "softTimeLimit"
  | "ignoreResult"
  | "serializer"
  | "compression"
  | "shadow"
  | "argsRepr"
  | "kwargsRepr"
  | "replyTo"
  | "persistent"
  | "link"
  | "linkError"
> {
  /** How long to wait: Celery's `countdown`. Not together with `eta`. Default: the wait of the task's `retry`, else 180 s. */
  readonly in?: Duration;
  /** Why: stored with RETRY, and the task's failure where no attempt is left. Celery's `exc`. */
  readonly cause?: unknown;
  /**
   * Positional arguments, which replace all of the message's. Keyword arguments of the message stay, but for those that
   * these replace by their position in the task's `parameters`.
   */
  readonly args?: readonly unknown[];
  /**
   * Keyword arguments, which replace all of the message's. Positional arguments of the message stay, but for those that
   * these replace by their name in the task's `parameters`.
   */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /**
   * Runs in all, the first included, that decide whether this retry is made: Celery's `max_retries` is one less. It does
   * not hold for retries after this one. Default: the task's.
   */
  readonly attempts?: number;
}
