import type { TaskMessage, Tree } from "@leveret/celery-protocol";
import type { Failure } from "./failure.ts";

/** The task that an event is about. */
export interface AboutTask {
  /** Message of the task. */
  readonly task: TaskMessage;
  /** Queue that the message was delivered from. */
  readonly queue: string;
}

/** Why a message went to the dead queue. */
export type DeadLetterReason =
  | "undecodable"
  | "unregistered"
  | "arguments-invalid"
  | "redelivered-too-often"
  /** The broker or the result backend refuses for good what follows from the task. */
  | "settle-refused";

/** An event of one task, as listeners of `worker.on` get it. */
export type TaskEvent =
  | (AboutTask & { readonly type: "taskReceived" })
  | (AboutTask & { readonly type: "taskStarted" })
  | (AboutTask & { readonly type: "taskSucceeded"; readonly result: Tree; readonly runtimeMs: number })
  | (AboutTask & { readonly type: "taskFailed"; readonly failure: Failure })
  /**
   * It will run again in `delayMs`; `failure` is null where the task gave no error, `traceback` has the position of the retry.
   * `counted` is false for a snooze.
   */
  | (AboutTask & {
      readonly type: "taskRetried";
      readonly failure: Failure | null;
      readonly traceback: string | null;
      readonly delayMs: number;
      readonly counted: boolean;
    })
  | (AboutTask & { readonly type: "taskRevoked"; readonly reason: "expired" | "revoked" | "terminated" })
  | (AboutTask & { readonly type: "taskRejected"; readonly requeue: boolean })
  /**
   * The worker stops and its run was cut short. Its message goes back to the queue; one that was acked early cannot, and
   * `taskFailed` follows.
   */
  | (AboutTask & { readonly type: "taskCancelled"; readonly requeue: boolean })
  /** It ended by `ctx.ignore()`. Celery has no event for it. */
  | (AboutTask & { readonly type: "taskIgnored" })
  | {
      readonly type: "deadLettered";
      /** Null where the message could not be read that far. */
      readonly id: string | null;
      readonly name: string | null;
      readonly queue: string;
      readonly reason: DeadLetterReason;
      readonly error: string;
    };
