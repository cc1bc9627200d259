import type { Address, ResultMeta, TaskMessage } from "@leveret/celery-protocol";
import type { DeadLetterReason, TaskEvent } from "./event.ts";

/** A task message to send; `to` null is routed by its name. */
export interface Sending {
  readonly task: TaskMessage;
  readonly to: Address | null;
}

/**
 * Something the shell is to do, in the order given and each finished before the next. Rules return these and do nothing.
 * What is `required` and cannot be done, ever, fails the task; what is not is logged and passed over.
 */
export type Effect =
  | { readonly do: "ack" }
  | { readonly do: "reject"; readonly requeue: boolean }
  /** Publish the message unchanged to the queue's dead queue, wait for the confirm, then ack. */
  | {
      readonly do: "dead-letter";
      readonly reason: DeadLetterReason;
      readonly error: string;
      /** Null where there is none to show. */
      readonly traceback: string | null;
      /** Runs, or deliveries where those were too many. */
      readonly attempts: number;
    }
  /** `task` says where the result goes. */
  | { readonly do: "store"; readonly meta: ResultMeta; readonly task: TaskMessage; readonly required: boolean }
  | ({ readonly do: "send"; readonly required: boolean } & Sending)
  | { readonly do: "emit"; readonly event: TaskEvent };
