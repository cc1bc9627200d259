import type { ResultMeta, WireSignature, TaskMessage } from "@leveret/celery-protocol";
import type { AppliedChord, ChordPart, Sending } from "@leveret/celery-protocol/canvas";
import type { DeadLetterReason, TaskEvent } from "./event.ts";
import type { Failure } from "./failure.ts";

/** Whether the effect is required, and the task of its log line. */
interface About {
  readonly task: TaskMessage;
  readonly required: boolean;
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
  /** `task` has the reply queue. */
  | { readonly do: "store"; readonly meta: ResultMeta; readonly task: TaskMessage; readonly required: boolean }
  | ({ readonly do: "send"; readonly required: boolean } & Sending)
  /** The header of a chord is about to be sent. */
  | ({ readonly do: "apply-chord"; readonly chord: AppliedChord } & About)
  /** So many parts complete the chord: all but the last member of its header are sent. */
  | ({ readonly do: "set-chord-size"; readonly groupId: string; readonly size: number } & About)
  /** A task reports to its chord, where chords are counted; always required there. `task` is the reporting task. */
  | { readonly do: "chord-part"; readonly part: ChordPart; readonly meta: ResultMeta; readonly task: TaskMessage }
  /** The body of a chord was sent, or its failure reported. */
  | ({ readonly do: "finish-chord"; readonly groupId: string } & About)
  /** Calls an errback that takes the request, the error and the traceback. `task` is the one that failed. */
  | {
      readonly do: "call-errback";
      readonly errback: WireSignature;
      readonly task: TaskMessage;
      readonly failure: Failure;
    }
  | { readonly do: "emit"; readonly event: TaskEvent };
